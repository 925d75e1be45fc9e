package mailin

import (
	"strings"
	"unicode/utf8"
)

// The words by which mail programs introduce what they quote. Chinese and
// English are the desk's languages; the others are here because people set
// their mail program to their own language whatever they write in.

// Kinds of label in a copied mail header.
const (
	labelFrom = iota + 1
	labelDate
	labelTo
	labelCc
	labelSubject
	labelReply
	labelKinds
)

var headerLabels = map[string]int{
	"from": labelFrom, "发件人": labelFrom, "寄件者": labelFrom, "寄件人": labelFrom, "发信人": labelFrom, "發信人": labelFrom, "发送人": labelFrom, "发送者": labelFrom, "發件人": labelFrom, "von": labelFrom, "de": labelFrom, "da": labelFrom, "van": labelFrom, "från": labelFrom, "fra": labelFrom, "od": labelFrom, "от": labelFrom, "від": labelFrom, "差出人": labelFrom, "expéditeur": labelFrom, "lähettäjä": labelFrom, "message de": labelFrom, "보낸 사람": labelFrom,
	"sent": labelDate, "date": labelDate, "发送时间": labelDate, "发件时间": labelDate, "发件日期": labelDate, "發件日期": labelDate, "寄件時間": labelDate, "时间日期": labelDate, "发送日期": labelDate, "日期": labelDate, "时间": labelDate, "寄件日期": labelDate, "傳送時間": labelDate, "發送時間": labelDate, "已发送": labelDate, "datum": labelDate, "gesendet": labelDate, "envoyé": labelDate, "enviado": labelDate, "enviada": labelDate, "enviado el": labelDate, "enviada em": labelDate, "fecha": labelDate, "data": labelDate, "inviato": labelDate, "verzonden": labelDate, "skickat": labelDate, "sendt": labelDate, "dato": labelDate, "wysłano": labelDate, "дата": labelDate, "отправлено": labelDate, "sent at": labelDate, "send": labelDate, "送信日時": labelDate, "lähetetty": labelDate, "päivämäärä": labelDate, "sent on": labelDate, "message du": labelDate,
	"to": labelTo, "收件人": labelTo, "收件者": labelTo, "收信人": labelTo, "发送至": labelTo, "接收人": labelTo, "an": labelTo, "à": labelTo, "a": labelTo, "para": labelTo, "aan": labelTo, "till": labelTo, "til": labelTo, "do": labelTo, "кому": labelTo, "宛先": labelTo, "vastaanottaja": labelTo, "destinataire": labelTo,
	"cc": labelCc, "抄送": labelCc, "抄送人": labelCc, "抄送至": labelCc, "密件抄送": labelCc, "副本": labelCc, "kopie": labelCc, "copie à": labelCc, "копия": labelCc, "kopia": labelCc, "bcc": labelCc, "密送": labelCc,
	"subject": labelSubject, "主题": labelSubject, "主旨": labelSubject, "主題": labelSubject, "标题": labelSubject, "標題": labelSubject, "邮件主题": labelSubject, "betreff": labelSubject, "objet": labelSubject, "asunto": labelSubject, "assunto": labelSubject, "oggetto": labelSubject, "onderwerp": labelSubject, "ämne": labelSubject, "emne": labelSubject, "temat": labelSubject, "тема": labelSubject, "件名": labelSubject, "aihe": labelSubject, "sujet": labelSubject,
	"reply-to": labelReply, "答复": labelReply, "回复": labelReply, "reply to": labelReply, "antwort an": labelReply, "répondre à": labelReply,
}

// headerLabel reads the label of a copied header line, 0 when it has none.
func headerLabel(line string) int {
	line = strings.TrimLeft(line, "*_ \t\u00a0\u3000")
	if len(line) > 40 {
		line = line[:40]
	}
	i := strings.IndexAny(line, ":：")
	if i <= 0 {
		return 0
	}
	label := strings.ToLower(strings.Trim(line[:i], "*_ \t\u00a0\u3000"))
	if k := headerLabels[label]; k != 0 || isASCII(label) {
		return k
	}
	return headerLabels[labelBlanks.Replace(label)] // Chinese labels are spread to the same width
}

var labelBlanks = strings.NewReplacer(" ", "", "\u3000", "", "\u00a0", "")

// separators stand between dashes; the value tells a forwarded mail.
var separators = map[string]bool{
	"original message": false, "original": false, "original email": false, "original mail": false, "originalmessage": false, "reply message": false, "original appointment": false,
	"ursprüngliche nachricht": false, "original-nachricht": false, "originalnachricht": false, "message d'origine": false, "message original": false, "mensaje original": false, "messaggio originale": false, "mensagem original": false, "oorspronkelijk bericht": false, "ursprungligt meddelande": false, "originalmeddelande": false, "oprindelig meddelelse": false, "oprindelig besked": false, "opprinnelig e-post": false, "opprinnelig melding": false, "wiadomość oryginalna": false, "исходное сообщение": false, "alkuperäinen viesti": false, "元のメッセージ": false,
	"forwarded message": true, "forwarded mail": true, "forwarded": true, "forwarded email": true, "weitergeleitete nachricht": true, "message transféré": true, "mensaje reenviado": true, "messaggio inoltrato": true, "mensagem encaminhada": true, "doorgestuurd bericht": true, "vidarebefordrat meddelande": true, "videresendt meddelelse": true, "пересылаемое сообщение": true, "перенаправленное сообщение": true,
}

// openers are whole lines that need no dashes; all of them open a forwarded mail.
var openers = []string{
	"begin forwarded message", "开始转发的信息", "开始转发的邮件", "以下是转发的邮件", "以下是转发邮件", "開始轉寄訊息", "開始轉寄郵件", "anfang der weitergeleiteten", "début du message", "inizio messaggio inoltrato", "inicio del mensaje reenviado", "início da mensagem", "begin doorgestuurd bericht", "начало переадресованного", "vidarebefordrat brev", "start på videresendt",
}

// separatorStarts are the first bytes that a separator, in UTF-8, can have.
const separatorStarts = "-_=#>\xe2BbAaDdIiVvSs\xd0\xe5\xe4\xe9PpRr"

// separator tells the line between new text and an old mail.
func separator(line string) (forward, ok bool) {
	if len(line) > 200 {
		return false, false
	}
	line = strings.TrimLeft(line, "*")
	if line == "" || strings.IndexByte(separatorStarts, line[0]) < 0 {
		return false, false
	}
	// QQ Mail writes "&nbsp;" even into its plain text.
	line = strings.ReplaceAll(line, "&nbsp;", " ")
	core := strings.Trim(line, "-_=*~#> \t\u00a0\u2014\u2500")
	lead := strings.IndexByte(line, firstByte(core))
	low := strings.ToLower(strings.TrimRight(core, ":：. "))
	if strings.HasPrefix(line, "--") || strings.HasPrefix(line, "__") || strings.HasPrefix(line, "==") || strings.HasPrefix(line, "\u2014") || strings.HasPrefix(line, "\u2500") {
		if lead >= 2 {
			if f, ok := oldMail(low); ok {
				return f, true
			}
			if strings.HasPrefix(low, "forwarded by ") || strings.HasPrefix(low, "original message") && len(low) < 60 {
				return strings.HasPrefix(low, "forwarded"), true
			}
		}
	}
	for _, o := range openers {
		if strings.HasPrefix(low, o) && len(low) < len(o)+20 {
			return true, true
		}
	}
	return false, strings.Contains(low, "reply above this line") || strings.Contains(low, "在此行上方回复")
}

// oldMail tells the words that stand over an old mail, in lower case and without the dashes around
// them. Chinese programs have many names for it, made of the same few words.
func oldMail(low string) (forward, ok bool) {
	if f, ok := separators[low]; ok {
		return f, true
	}
	if isASCII(low) || len(low) > 60 {
		return false, false
	}
	for _, w := range []string{"转发人", "转发于", "轉呈者", "转呈者"} {
		if strings.Contains(low, w) {
			return true, true
		}
	}
	thing := false
	for _, w := range []string{"邮件", "郵件", "信件", "信息", "訊息", "消息", "来信", "來信", "原文"} {
		thing = thing || strings.Contains(low, w)
	}
	if !thing {
		return false, false
	}
	for _, w := range []string{"转发", "轉寄", "轉發", "转寄"} {
		if strings.Contains(low, w) {
			return true, true
		}
	}
	for _, w := range []string{"原", "回复", "回覆", "答复", "答覆"} {
		if strings.Contains(low, w) {
			return false, true
		}
	}
	return false, false
}

// title tells a line that only announces the copied header below it.
func title(line string) (forward, ok bool) {
	if rule(line, '_') || rule(line, '-') || rule(line, '=') || rule(line, '*') {
		return false, true
	}
	core := strings.Trim(line, "-_=*~# \t\u00a0\u2014\u2500\u2015:：")
	if core != line && len(line)-len(core) >= 4 && len(line) < 120 {
		f, _ := oldMail(strings.ToLower(core))
		return f, true // between dashes, in a language of its own
	}
	if len(core) > 60 || core == "" || core[0] < utf8.RuneSelf && strings.IndexByte("OoFf", core[0]) < 0 {
		return false, false // looked at for each line of each mail
	}
	return oldMail(strings.ToLower(core))
}

func firstByte(s string) byte {
	if s == "" {
		return 0
	}
	return s[0]
}

// verbs say that somebody wrote; an attribution holds one and ends with a colon.
var verbs = []string{"写道", "寫道", "写到", "写入", "編寫", "编写", "wrote", "writes", "schrieb", "a écrit", "escribió", "ha scritto", "escreveu", "schreef", "skrev", "pisze", "napisał", "пишет", "написал", "писал", "kirjoitti", "написав", "пише", "napsal", "scrisse", "さんは書きました", "님이 작성"}

// starters begin an attribution that may be broken over lines.
var starters = []string{"on ", "在", "于", "於", "am ", "le ", "el ", "il ", "em ", "op ", "den ", "på ", "w dniu", "dnia", "at ", "в ", "pe ", "no dia", "mon", "tue", "wed", "thu", "fri", "sat", "sun", "man.", "tir.", "ons.", "tor.", "fre.", "lør.", "søn.", "пн,", "вт,", "ср,", "чт,", "пт,", "сб,", "вс,"}

// attribution returns how many lines starting at i say who wrote what is
// quoted below, 0 when none do.
func (s *splitter) attribution(i int) int {
	if oldGmail(s.lines[i]) {
		return 1
	}
	ends := false
	for j := i; j < min(i+5, len(s.lines)); j++ {
		ends = ends || s.ends[j]
	}
	if !ends {
		return 0
	}
	first := strings.ToLower(strings.TrimSpace(s.lines[i]))
	if first == "" || len(first) > 500 {
		return 0
	}
	if strings.HasPrefix(first, "---") && strings.HasSuffix(first, "---") { // Zoho draws dashes around it
		if attributes(strings.Trim(first, "- ")+":", true) {
			return 1
		}
		return 0
	}
	starts := first[0] >= '0' && first[0] <= '9' || strings.Contains(first, "@") && writes(first)
	for _, p := range starters {
		starts = starts || strings.HasPrefix(first, p)
	}
	named := strings.ContainsAny(first, "<@于")
	if !starts && !named && !strings.HasSuffix(first, ":") && !strings.HasSuffix(first, "：") {
		return 0
	}
	joined := first
	for n := 1; n <= 5; n++ {
		if attributes(joined, starts) {
			return n
		}
		if i+n >= len(s.lines) || !starts && (n > 1 || !named) {
			break
		}
		next := strings.ToLower(strings.TrimSpace(s.lines[i+n]))
		if next == "" && starts && i+n+1 < len(s.lines) && strings.TrimSpace(s.lines[i+n+1]) == "<" {
			continue // an address that was made a paragraph of its own
		}
		if next == "" || len(joined)+len(next) > 500 {
			break
		}
		if isQuote(next) && (strings.Count(joined, "<") <= strings.Count(joined, ">") || len(next) > 40) {
			break // not the bracket of an address that was broken off
		}
		joined += " " + next
	}
	// With a quotation right below, the verb and its colon are enough.
	if j := s.nextFull(i + 1); s.ends[i] && writes(first) && (strings.HasSuffix(first, ":") || strings.HasSuffix(first, "：")) && len(first) < 120 && j < len(s.lines) && isQuote(strings.TrimSpace(s.lines[j])) {
		return 1
	}
	// Gmail once wrote "2013/1/31 Name <name@example.com>" and no verb.
	if starts && len(first) > 12 && (first[4] == '/' || first[4] == '-') && strings.HasSuffix(first, ">") && strings.Contains(first, "@") {
		return 1
	}
	return 0
}

// oldGmail tells the attribution "2013-01-31 10:00 GMT+08:00 Name", which has no verb.
func oldGmail(line string) bool {
	const form = "0000-00-00 00:00 GMT"
	line = strings.TrimSpace(line)
	if len(line) < len(form)+8 || len(line) > 200 || line[len(form)] != '+' && line[len(form)] != '-' {
		return false
	}
	for i := range len(form) {
		if c := form[i]; c == '0' && !isDigit(line[i]) || c != '0' && c != line[i] {
			return false
		}
	}
	return true
}

func writes(line string) bool {
	for _, v := range verbs {
		if strings.Contains(line, v) {
			return true
		}
	}
	return false
}

// attributes tells whether a whole line, in lower case, is an attribution: a
// verb, something that dates or names the writer, and a colon at its end; or,
// without a verb, a date, an address in brackets and the colon.
func attributes(line string, starts bool) bool {
	end := strings.TrimRight(line, " *_\u00a0")
	core := strings.TrimRight(end, ":： \u00a0")
	colon := len(core) < len(end)
	if !strings.ContainsAny(core, "0123456789@<") {
		return false
	}
	if starts && colon && strings.HasSuffix(core, ">") && strings.Contains(core, "@") && digits(core) >= 6 {
		return true
	}
	for _, v := range verbs {
		i := strings.LastIndex(core, v)
		if i < 0 {
			continue
		}
		atEnd := strings.HasSuffix(strings.TrimSuffix(strings.TrimSuffix(core, "(a)"), "(а)"), v)
		if atEnd && (colon || starts && v == "wrote") {
			return true
		}
		if starts && colon && (digits(core[i:]) >= 4 || !strings.ContainsAny(core[i:], ".!?。！？") || strings.Contains(core[i:], "@")) {
			return true
		}
	}
	return false
}

func digits(s string) int {
	n := 0
	for i := 0; i < len(s); i++ {
		if isDigit(s[i]) {
			n++
		}
	}
	return n
}
