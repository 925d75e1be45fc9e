package mailin

import "strings"

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
	"from": labelFrom, "发件人": labelFrom, "寄件者": labelFrom, "寄件人": labelFrom, "發件人": labelFrom, "von": labelFrom, "de": labelFrom, "da": labelFrom, "van": labelFrom, "från": labelFrom, "fra": labelFrom, "od": labelFrom, "от": labelFrom, "від": labelFrom, "差出人": labelFrom, "expéditeur": labelFrom, "lähettäjä": labelFrom, "message de": labelFrom, "보낸 사람": labelFrom,
	"sent": labelDate, "date": labelDate, "发送时间": labelDate, "发送日期": labelDate, "日期": labelDate, "时间": labelDate, "寄件日期": labelDate, "傳送時間": labelDate, "發送時間": labelDate, "已发送": labelDate, "datum": labelDate, "gesendet": labelDate, "envoyé": labelDate, "enviado": labelDate, "enviada": labelDate, "enviado el": labelDate, "enviada em": labelDate, "fecha": labelDate, "data": labelDate, "inviato": labelDate, "verzonden": labelDate, "skickat": labelDate, "sendt": labelDate, "dato": labelDate, "wysłano": labelDate, "дата": labelDate, "отправлено": labelDate, "sent at": labelDate, "send": labelDate, "送信日時": labelDate, "lähetetty": labelDate, "päivämäärä": labelDate, "sent on": labelDate, "message du": labelDate,
	"to": labelTo, "收件人": labelTo, "收件者": labelTo, "an": labelTo, "à": labelTo, "a": labelTo, "para": labelTo, "aan": labelTo, "till": labelTo, "til": labelTo, "do": labelTo, "кому": labelTo, "宛先": labelTo, "vastaanottaja": labelTo, "destinataire": labelTo,
	"cc": labelCc, "抄送": labelCc, "副本": labelCc, "kopie": labelCc, "copie à": labelCc, "копия": labelCc, "kopia": labelCc, "bcc": labelCc, "密送": labelCc,
	"subject": labelSubject, "主题": labelSubject, "主旨": labelSubject, "主題": labelSubject, "标题": labelSubject, "betreff": labelSubject, "objet": labelSubject, "asunto": labelSubject, "assunto": labelSubject, "oggetto": labelSubject, "onderwerp": labelSubject, "ämne": labelSubject, "emne": labelSubject, "temat": labelSubject, "тема": labelSubject, "件名": labelSubject, "aihe": labelSubject, "sujet": labelSubject,
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
	return headerLabels[strings.ToLower(strings.Trim(line[:i], "*_ \t\u00a0\u3000"))]
}

// separators stand between dashes; the value tells a forwarded mail.
var separators = map[string]bool{
	"original message": false, "original": false, "original email": false, "original mail": false, "originalmessage": false, "reply message": false, "original appointment": false, "原始邮件": false, "原始郵件": false, "原邮件": false, "邮件原件": false, "回复的原邮件": false, "回复邮件": false, "原始信息": false, "原始訊息": false, "回复原文": false,
	"ursprüngliche nachricht": false, "original-nachricht": false, "originalnachricht": false, "message d'origine": false, "message original": false, "mensaje original": false, "messaggio originale": false, "mensagem original": false, "oorspronkelijk bericht": false, "ursprungligt meddelande": false, "originalmeddelande": false, "oprindelig meddelelse": false, "oprindelig besked": false, "opprinnelig e-post": false, "opprinnelig melding": false, "wiadomość oryginalna": false, "исходное сообщение": false, "alkuperäinen viesti": false, "元のメッセージ": false,
	"forwarded message": true, "forwarded mail": true, "forwarded": true, "forwarded email": true, "转发的邮件": true, "转发邮件": true, "转发邮件信息": true, "转发的邮件信息": true, "被转发邮件信息": true, "轉寄的郵件": true, "已转发邮件": true, "转发邮件正文": true, "weitergeleitete nachricht": true, "message transféré": true, "mensaje reenviado": true, "messaggio inoltrato": true, "mensagem encaminhada": true, "doorgestuurd bericht": true, "vidarebefordrat meddelande": true, "videresendt meddelelse": true, "пересылаемое сообщение": true, "перенаправленное сообщение": true,
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
			if f, ok := separators[low]; ok {
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

func firstByte(s string) byte {
	if s == "" {
		return 0
	}
	return s[0]
}

// verbs say that somebody wrote; an attribution holds one and ends with a colon.
var verbs = []string{"写道", "寫道", "写到", "编写", "wrote", "writes", "schrieb", "a écrit", "escribió", "ha scritto", "escreveu", "schreef", "skrev", "pisze", "napisał", "пишет", "написал", "писал", "kirjoitti", "написав", "пише", "napsal", "scrisse", "さんは書きました", "님이 작성"}

// starters begin an attribution that may be broken over lines.
var starters = []string{"on ", "在", "于", "於", "am ", "le ", "el ", "il ", "em ", "op ", "den ", "på ", "w dniu", "dnia", "at ", "в ", "pe ", "no dia", "mon", "tue", "wed", "thu", "fri", "sat", "sun", "man.", "tir.", "ons.", "tor.", "fre.", "lør.", "søn.", "пн,", "вт,", "ср,", "чт,", "пт,", "сб,", "вс,"}

// attribution returns how many lines starting at i say who wrote what is
// quoted below, 0 when none do.
func (s *splitter) attribution(i int) int {
	if !s.ends[i] && !s.ends[min(i+1, len(s.lines)-1)] && !s.ends[min(i+2, len(s.lines)-1)] && !s.ends[min(i+3, len(s.lines)-1)] {
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
	for n := 1; n <= 4; n++ {
		if attributes(joined, starts) {
			return n
		}
		if i+n >= len(s.lines) || !starts && (n > 1 || !named) {
			break
		}
		next := strings.ToLower(strings.TrimSpace(s.lines[i+n]))
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

// footers begin the lines that phones and programs append.
var footers = []string{
	"发自我的", "发自手机", "发自", "发送自", "来自我的", "來自我的", "發自我的", "從我的", "从我的", "获取 outlook", "下载 outlook", "取得 outlook", "自我的",
	"sent from my", "sent from mail for windows", "sent from outlook", "sent from the", "sent from yahoo", "sent from gmail", "sent from samsung", "sent from a", "sent from proton", "sent via", "sent with", "sent using", "sent by", "get outlook for", "download outlook", "sent from",
	"envoyé de mon", "envoyé à partir", "envoyé avec", "envoyé depuis", "von meinem", "gesendet von", "gesendet mit", "inviato da", "enviado desde", "enviado de", "enviado do", "verzonden vanaf", "verstuurd vanaf", "skickat från", "sendt fra", "wysłane z", "отправлено с", "отправлено из", "надіслано з", "lähetetty",
}
