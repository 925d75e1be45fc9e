package mailin

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// What people and their programs put below what they write.

// signature returns the end of the signature that starts at line i, i when
// there is none. What is too long is no signature.
func (s *splitter) signature(i int) int {
	mostLines, mostBytes := 15, 1500
	switch {
	case pgpSignature(s.lines[i]):
		mostLines, mostBytes = 60, 6000
	case s.lines[i] == qqSignature || s.lines[i] == qqSignature+" ":
		mostLines, mostBytes = 6, 400 // people draw such a line between paragraphs too
	case !isSignatureMark(s.lines[i]):
		return i
	}
	strict := s.lines[i] == "-- " || pgpSignature(s.lines[i])
	size, end := 0, i+1
	for ; end < len(s.lines); end++ {
		line := strings.TrimSpace(s.lines[end])
		if line == "" {
			continue
		}
		if s.opensOld(end, line) {
			break
		}
		size += len(line)
		if end-i > mostLines || size > mostBytes || !strict && len(line) > 3 && requests(line) {
			return i
		}
	}
	return end
}

// opensOld tells a line with which an old mail begins. Many signatures may look at one line, so it is
// found out once.
func (s *splitter) opensOld(i int, line string) bool {
	if s.opens[i] == 0 {
		s.opens[i] = 1
		if _, sep := separator(line); sep || isQuote(line) || s.headerBlock(i) || s.attribution(i) > 0 {
			s.opens[i] = 2
		}
	}
	return s.opens[i] == 2
}

// qqSignature is the line that QQ Mail draws above a signature.
const qqSignature = "------------------"

// isSignatureMark tells the line above a signature: RFC 3676 4.3, and what is left of it by programs
// that trim lines or replace two dashes.
func isSignatureMark(line string) bool {
	line = strings.TrimSuffix(line, "\r")
	return line == "-- " || line == "--" || line == "\u2014" || line == "--\u00a0" || line == "\u2013\u2013" || line == "__" || line == "\u2014 "
}

// pgpSignature tells the start of what signs a text in place (RFC 9580 7).
func pgpSignature(line string) bool {
	return strings.HasPrefix(line, "-----BEGIN PGP SIGNATURE-----")
}

// pgpArmour returns the end of the lines that open a text signed in place.
func (s *splitter) pgpArmour(i int) int {
	if !strings.HasPrefix(s.lines[i], "-----BEGIN PGP SIGNED MESSAGE-----") {
		return i
	}
	for end := i + 1; end < min(len(s.lines), i+6); end++ {
		if strings.TrimSpace(s.lines[end]) == "" {
			return end + 1
		}
	}
	return i + 1
}

// card sets the writer's own name and address aside where they stand below the new text by themselves:
// the business card that QQ Mail and NetEase append to each mail. names are in lower case.
func (s *splitter) card(names []string) {
	last := -1
	for i := len(s.lines) - 1; i >= 0 && last < 0; i-- {
		if !s.aside[i] && strings.TrimSpace(s.lines[i]) != "" {
			last = i
		}
	}
	first, known := last+1, false
	for i := last; i > 0 && i > last-12; i-- {
		word := strings.ToLower(strings.Trim(s.lines[i], "| \t\u00a0\u3000\r"))
		if word == "" {
			if strings.TrimSpace(s.lines[i]) == "" { // the blank line above it
				first = i + 1
			}
			continue
		}
		if s.aside[i] || !slices.Contains(names, word) {
			break
		}
		known = known || strings.Contains(word, "@") // a name alone was typed by hand
	}
	if !known || first > last {
		return
	}
	for i := range first { // something has to remain
		if !s.aside[i] && strings.TrimSpace(s.lines[i]) != "" {
			s.mark(first, last+1)
			return
		}
	}
}

// table marks the lines of the table that NetEase's programs draw above the footer at line i.
func (s *splitter) table(i int) {
	first := i
	for j := i - 1; j >= 0 && j > i-12 && !s.aside[j] && s.lines[j] != ""; j-- {
		if strings.HasPrefix(s.lines[j], "|") {
			first = j
		}
	}
	s.mark(first, i)
}

// footer tells the line a phone or a program adds below what its owner wrote.
func footer(line string) bool {
	if len(line) > 200 {
		return false
	}
	if i := strings.Index(line, "http"); i > 0 { // where to get the program
		line = strings.TrimRight(line[:i], "<([ ")
	}
	low := strings.ToLower(strings.Trim(line, "*_[]<>()| \t-.\u00a0"))
	low = strings.TrimLeft(strings.Replace(low, "[", "", 1), " ")
	for _, p := range footers {
		rest, ok := strings.CutPrefix(low, p)
		if !ok {
			continue
		}
		for _, excuse := range []string{", please", ". please", "; please", ". excuse", ", excuse", ". sorry", ", so please"} {
			if i := strings.Index(rest, excuse); i >= 0 && len(rest) < 120 { // "please excuse any typos"
				rest = rest[:i]
			}
		}
		if strings.ContainsAny(rest, ",;!?") || strings.ContainsAny(rest, "，。！？；") {
			return false
		}
		return !asks(low) && len(strings.Fields(rest)) <= 8 && utf8.RuneCountInString(rest) <= 50
	}
	if strings.HasSuffix(low, " from mobile") || strings.HasSuffix(low, " from my mobile") {
		return len(strings.Fields(low)) <= 4
	}
	return strings.HasPrefix(low, "签名由") && strings.HasSuffix(low, "定制")
}

// asks tells a line with a word that a request may be made of: "从我的" begins a footer and also
// "从我的微信扣了30元", and no request is to be taken for a footer.
func asks(low string) bool {
	if strings.ContainsAny(low, "扣退付费費续續订訂钱錢元款消关關停") {
		return true
	}
	for _, w := range []string{"cancel", "refund", "charge", "subscri", "account", "money", "payment", "stop"} {
		if strings.Contains(low, w) {
			return true
		}
	}
	return false
}

// requests tells a line with the words of a request to this desk. Whoever draws two dashes and writes
// one below them has not signed.
func requests(line string) bool {
	low := strings.ToLower(line)
	for _, w := range []string{"取消", "退订", "退訂", "退款", "退费", "退費", "退钱", "续费", "續費", "扣费", "扣費", "扣款", "关闭", "關閉", "停止", "账号", "帐号", "賬號", "帳號", "订单", "訂單", "会员", "會員", "cancel", "refund", "unsubscribe"} {
		if strings.Contains(low, w) {
			return true
		}
	}
	return false
}

// footers begin the lines that phones and programs append.
var footers = []string{
	"发自我的", "发自手机", "发自", "发送自", "来自我的", "來自我的", "發自我的", "從我的", "从我的", "获取 outlook", "下载 outlook", "取得 outlook", "自我的", "用手机发送", "从手机发送", "從手機發送", "从 windows", "从 outlook", "使用 proton", "使用proton",
	"from my iphone", "from my ipad", "from my phone", "from my mobile", "from my android", "from my cell", "sent from mobile", "sent from phone", "sent on the go", "sent from my", "sent from mail for windows", "sent from outlook", "sent from the", "sent from yahoo", "sent from gmail", "sent from samsung", "sent from a", "sent from proton", "sent via", "sent with", "sent using", "sent by", "get outlook for", "download outlook", "sent from",
	"envoyé de mon", "envoyé à partir", "envoyé avec", "envoyé depuis", "von meinem", "gesendet von", "gesendet mit", "inviato da", "diese nachricht wurde von meinem", "enviado desde", "enviado de", "enviado do", "verzonden vanaf", "verzonden met", "verstuurd vanaf", "skickat från", "sendt fra", "wysłane z", "отправлено с", "отправлено из", "надіслано з", "lähetetty",
}
