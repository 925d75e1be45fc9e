package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/canceldesk/canceldesk/mailin"
)

// mailCommand is "mail": looking at raw mails the way the desk does.
func mailCommand() *cobra.Command {
	mail := &cobra.Command{
		Use:   "mail",
		Short: "Look at raw mails / 查看原始邮件",
	}
	asJSON := false
	parse := &cobra.Command{
		Use:   "parse FILE…",
		Short: "Show what the desk understands of raw mails / 显示系统对原始邮件的理解",
		Long: `Show what the desk understands of raw mails (RFC 822 files). Needs no
configuration. A file that can't be read is reported, the rest goes on, and the
exit status is 1.

显示系统对原始邮件的理解，无需配置；读不出的文件会报告，其余照常处理，退出码为 1。`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			cmd.SilenceUsage = true // what fails from here on is no misuse
			return parseMails(cmd.OutOrStdout(), files, asJSON)
		},
	}
	parse.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line / 每行输出一个 JSON 对象")
	mail.AddCommand(parse)
	return mail
}

// parsedMail is a line of "mail parse --json".
type parsedMail struct {
	File        string           `json:"file"`
	MessageID   string           `json:"message_id"`
	From        string           `json:"from"`
	FromName    string           `json:"from_name"`
	Subject     string           `json:"subject"`
	Date        string           `json:"date"`
	Text        string           `json:"text"`
	Quoted      string           `json:"quoted"`
	Attachments []mailAttachment `json:"attachments"`
	Kind        mailin.Kind      `json:"kind"`
	Defects     []string         `json:"defects"`
}

type mailAttachment struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Bytes int64  `json:"bytes"`
}

// unreadFile is the line of a file that could not be read.
type unreadFile struct {
	File  string `json:"file"`
	Error string `json:"error"`
}

// parseMails prints one result a file, in their order.
func parseMails(out io.Writer, files []string, asJSON bool) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	unread := 0
	for _, file := range files {
		raw, err := os.ReadFile(file)
		var row any
		if err != nil {
			unread++
			row = unreadFile{file, err.Error()}
		} else {
			row = newParsedMail(file, mailin.Parse(raw, mailin.Options{}))
		}
		if asJSON {
			err = enc.Encode(row)
		} else {
			err = writeReadable(out, row)
		}
		if err != nil {
			return fmt.Errorf("write result: %w", err)
		}
	}
	if unread > 0 {
		return fmt.Errorf("%d of %d files could not be read", unread, len(files))
	}
	return nil
}

func newParsedMail(file string, m mailin.Mail) parsedMail {
	p := parsedMail{
		File: file, MessageID: m.MessageID, Subject: m.Subject, Text: m.Text, Quoted: m.Quoted, Kind: m.Kind,
		Attachments: make([]mailAttachment, 0, len(m.Attachments)),
		Defects:     append([]string{}, m.Defects...),
	}
	if len(m.From) > 0 {
		p.From, p.FromName = m.From[0].Address, m.From[0].Name
	}
	if !m.Date.IsZero() {
		p.Date = m.Date.Format(time.RFC3339)
	}
	for _, a := range m.Attachments {
		p.Attachments = append(p.Attachments, mailAttachment{a.Name, a.Type, a.Bytes})
	}
	return p
}

// writeReadable prints a row for people. What a stranger wrote goes to a
// terminal here, so control characters are left out.
func writeReadable(out io.Writer, row any) error {
	var sb strings.Builder
	switch r := row.(type) {
	case unreadFile:
		fmt.Fprintf(&sb, "%s: %s\n\n", r.File, r.Error)
	case parsedMail:
		fmt.Fprintf(&sb, "%s\n", r.File)
		for _, l := range [][2]string{
			{"from", strings.TrimSpace(r.FromName + " <" + r.From + ">")},
			{"subject", r.Subject},
			{"date", r.Date},
			{"message-id", r.MessageID},
			{"kind", string(r.Kind)},
		} {
			fmt.Fprintf(&sb, "  %-12s%s\n", l[0], l[1])
		}
		for _, a := range r.Attachments {
			fmt.Fprintf(&sb, "  %-12s%s (%s, %d bytes)\n", "attachment", a.Name, a.Type, a.Bytes)
		}
		for _, d := range r.Defects {
			fmt.Fprintf(&sb, "  %-12s%s\n", "defect", d)
		}
		sb.WriteString(indented("  | ", r.Text) + indented("  > ", r.Quoted) + "\n")
	}
	_, err := io.WriteString(out, strings.Map(printable, sb.String()))
	return err
}

func indented(mark, text string) string {
	if text == "" {
		return ""
	}
	return mark + strings.ReplaceAll(text, "\n", "\n"+mark) + "\n"
}

func printable(r rune) rune {
	if unicode.IsControl(r) && r != '\n' && r != '\t' {
		return -1
	}
	return r
}
