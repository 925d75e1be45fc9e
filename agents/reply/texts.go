package reply

import (
	"embed"
	"fmt"
	"strings"
	"text/template"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// texts holds one file for each Tell and language. Its first line is the subject for a recipient who
// wrote no mail to answer; the rest is the body. Files that begin with "part_" are shared.
//
//go:embed texts
var texts embed.FS

// language is the folder of texts for a locale: English for en, Chinese for all else.
func language(locale string) string {
	if locale == "en" || strings.HasPrefix(locale, "en-") {
		return "en"
	}
	return "zh-CN"
}

// textOf parses the text of a Tell with the parts it may use.
func textOf(lang string, tell tickets.Tell, words template.FuncMap) (*template.Template, error) {
	file := string(tell) + ".txt"
	return template.New(file).Funcs(words).ParseFS(texts, "texts/"+lang+"/"+file, "texts/"+lang+"/part_*.txt")
}

// ours stands for a mark while a text is filled in: nothing that people write holds a NUL.
const ours = "\x00"

// marks are what is filled in on the way out.
func marks() []string { return []string{tickets.PageMark, tickets.CodeMark} }

// veiled hides our own marks in what a text is filled in with.
func veiled(s string) string {
	for _, mark := range marks() {
		s = strings.ReplaceAll(s, mark, ours+strings.Trim(mark, "{}")+ours)
	}
	return s
}

// unveiled puts our own marks back and breaks those that stood in somebody's words, who would have the
// customer's link or code put wherever he likes.
func unveiled(s string) string {
	for _, mark := range marks() {
		word := strings.Trim(mark, "{}")
		s = strings.ReplaceAll(strings.ReplaceAll(s, mark, "{ "+word+" }"), ours+word+ours, mark)
	}
	return s
}

// render gives the text's own subject and its body.
func render(f Facts, v view) (subject, body string, err error) {
	lang := language(f.Ticket.Locale)
	t, err := textOf(lang, f.Tell, wordsFor(lang, f.Zone))
	if err != nil {
		return "", "", fmt.Errorf("parse text: %w", err)
	}
	v.Page, v.Code.Mark, v.Code.EnterAt = veiled(v.Page), veiled(v.Code.Mark), veiled(v.Code.EnterAt)
	var b strings.Builder
	if err := t.Execute(&b, v); err != nil {
		return "", "", fmt.Errorf("fill in text: %w", err)
	}
	subject, body, _ = strings.Cut(unveiled(b.String()), "\n")
	return strings.TrimSpace(subject), tidy(body), nil
}

// tidy removes what left-out sections leave behind: trailing blanks and runs of empty lines.
func tidy(s string) string {
	var out []string
	for line := range strings.Lines(s) {
		line = strings.TrimRight(line, " \t\r\n")
		if line == "" && (len(out) == 0 || out[len(out)-1] == "") {
			continue
		}
		out = append(out, line)
	}
	return strings.TrimRight(strings.Join(out, "\n"), "\n") + "\n"
}

// deadline writes an instant by which something is done, as a date that people note down. The year is
// left out where it is that of the instant from which it counts.
func deadline(lang string, due, since time.Time) string {
	year := due.Year() != since.Year()
	switch {
	case lang == "en" && year:
		return due.Format("2 January 2006, 15:04 (UTC-07:00)")
	case lang == "en":
		return due.Format("2 January, 15:04 (UTC-07:00)")
	case year:
		return due.Format("2006 年 1 月 2 日 15:04")
	}
	return due.Format("1 月 2 日 15:04")
}

// dayOfYear writes a day as people say it.
func dayOfYear(lang string, d account.Date) string {
	if lang == "en" {
		return d.In(time.UTC).Format("2 January 2006")
	}
	return d.In(time.UTC).Format("2006 年 1 月 2 日")
}

// moment writes an instant on the local wall clock together with its offset.
func moment(lang string, zone *time.Location, t time.Time) string {
	t = t.In(zone)
	if lang == "en" {
		return t.Format("2 January 2006, 15:04 (UTC-07:00)")
	}
	return t.Format("2006 年 1 月 2 日 15:04（UTC-07:00）")
}
