package mailin

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// update rewrites the golden files. The flag is global because go test has no
// other way to pass one.
var update = flag.Bool("update", false, "rewrite the golden files")

// testOptions is how the golden mails are parsed.
func testOptions() Options {
	return Options{OwnAddresses: []string{"service@desk.example"}, CIDPrefix: "/attachments/"}
}

func TestParse(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/*.eml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no test mails: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".eml"), func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			enc := json.NewEncoder(&got)
			enc.SetEscapeHTML(false)
			enc.SetIndent("", "  ")
			if err := enc.Encode(Parse(raw, testOptions())); err != nil {
				t.Fatal(err)
			}
			golden := strings.TrimSuffix(path, ".eml") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// checkMail holds what Parse promises for any bytes.
func checkMail(t *testing.T, raw []byte) {
	t.Helper()
	m := Parse(raw, testOptions())
	lines := append(append([]string{m.MessageID, m.Subject}, append(m.References, m.InReplyTo...)...), m.Defects...)
	for _, l := range [][]Address{m.From, m.Sender, m.ReplyTo, m.To, m.Cc} {
		for _, a := range l {
			lines = append(lines, a.Name, a.Address)
		}
	}
	for _, a := range m.Attachments {
		lines = append(lines, a.Name, a.Type, a.ContentID)
	}
	if m.Bounce != nil {
		lines = append(lines, m.Bounce.OriginalMessageID, m.Bounce.Recipient, m.Bounce.Status)
	}
	for _, s := range append([]string{m.Text, m.Quoted, m.HTML}, lines...) {
		if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			t.Fatalf("not UTF-8 text: %q", s)
		}
	}
	for _, s := range lines {
		if strings.ContainsAny(s, "\r\n") {
			t.Fatalf("more than one line: %q", s)
		}
	}
	if strings.Contains(m.Text, "\r") {
		t.Fatalf("carriage return in the text: %q", m.Text)
	}
	if m.Kind == "" || (m.Kind == KindBounce) != (m.Bounce != nil) {
		t.Fatalf("kind %q with bounce %v", m.Kind, m.Bounce)
	}
	if low := strings.ToLower(m.HTML); strings.Contains(low, "<script") || strings.Contains(low, "<iframe") || strings.Contains(low, "javascript:") && strings.Contains(low, "href=\"javascript") {
		t.Fatalf("active HTML: %s", m.HTML)
	}
	for i, a := range m.Attachments {
		meta, content, err := AttachmentContent(raw, i)
		if err != nil {
			t.Fatal(err)
		}
		if meta != a || int64(len(content)) != a.Bytes {
			t.Fatalf("attachment %d: %+v with %d bytes, listed as %+v", i, meta, len(content), a)
		}
	}
	if _, _, err := AttachmentContent(raw, len(m.Attachments)); err == nil {
		t.Fatal("an attachment that is not there was found")
	}
}

func TestAnEmptyAnswerDoesNotSayWhatItQuotesOfUs(t *testing.T) {
	t.Parallel()
	const quote = "在 2024-08-05 09:00:00，service@desk.example 写道：\n\n同意退款请回复“同意”。"
	ours := func(id string) bool { return id == "offer@desk.example" }
	for name, tt := range map[string]struct{ header, body, text, quoted string }{
		"nothing but our mail":   {"In-Reply-To: <offer@desk.example>\n", quote, "", quote},
		"and a word":             {"In-Reply-To: <offer@desk.example>\n", "同意\n\n" + quote, "同意", quote},
		"nothing but another's":  {"In-Reply-To: <other@x.example>\n", quote, quote, ""},
		"our mail, by its chain": {"References: <first@x.example> <offer@desk.example>\n", quote, "", quote},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := Parse([]byte("From: wang@x.example\nSubject: Re: x\n"+tt.header+"Content-Type: text/plain; charset=utf-8\n\n"+tt.body+"\n"), Options{IsOurMessageID: ours})
			if m.Text != tt.text || m.Quoted != tt.quoted {
				t.Errorf("text %q, quoted %q", m.Text, m.Quoted)
			}
		})
	}
}

func TestEveryPrefixOfAMailCanBeRead(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/*.eml")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; n < len(raw); n += 7 {
			checkMail(t, raw[:n])
		}
	}
}

func FuzzParse(f *testing.F) {
	paths, err := filepath.Glob("testdata/*.eml")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		checkMail(t, raw)
		Fingerprint(raw)
		Authenticate(t.Context(), raw, Parse(raw, Options{}), AuthOptions{
			AuthservID: "mx", OurAddresses: []string{"service@desk.example"},
			LookupTXT: func(context.Context, string) ([]string, error) { return []string{"v=DKIM1; p="}, nil },
		})
	})
}

func TestEveryForeignMailCanBeRead(t *testing.T) {
	t.Parallel()
	c := openCorpus(t)
	if len(c.mails) != 956 {
		t.Errorf("%d whole messages, want 956", len(c.mails))
	}
	for _, rel := range c.mails {
		t.Run(rel, func(t *testing.T) {
			t.Parallel()
			checkMail(t, c.read(t, rel))
		})
	}
}

// TestHostileMailsTakeLinearTime builds mails that make careless parsers
// quadratic or worse. The limit is far above what linear work needs, so that
// a slow machine passes, and far below what quadratic work takes.
func TestHostileMailsTakeLinearTime(t *testing.T) {
	t.Parallel()
	const n, limit = 1 << 20, time.Minute
	rep := func(s string) string { return strings.Repeat(s, n/len(s)) }
	var nested, siblings strings.Builder
	for i := range 5000 {
		b := strings.Repeat("b", i%50+1) + string(rune('a'+i%26))
		nested.WriteString("Content-Type: multipart/mixed; boundary=" + b + "\n\n--" + b + "\n")
	}
	siblings.WriteString("Content-Type: multipart/mixed; boundary=b\n\n")
	for range 20000 {
		siblings.WriteString("--b\nContent-Type: multipart/mixed; boundary=missing\n\nx\n")
	}
	tests := map[string]string{
		"nested multiparts":         nested.String(),
		"multiparts without parts":  siblings.String(),
		"open quotes in To":         "To: " + rep(`"a`) + "\n\nx",
		"open comments in To":       "To: " + rep("(a") + "\n\nx",
		"comments inside addresses": "To: <" + rep("()") + "a@b>\n\nx",
		"commas in To":              "To: " + rep("a, ") + "\n\nx",
		"open brackets in To":       "To: " + rep("<a") + "\n\nx",
		"words without end":         "Subject: " + rep("=?utf-8?q?a ") + "\n\nx",
		"words of one byte":         "Subject: " + rep("=?utf-8?q?a?= ") + "\n\nx",
		"folds":                     "Subject: a\n" + rep(" b\n") + "\n\nx",
		"blank folds":               "Subject: a\n" + rep(" \n") + "\n\nx",
		"junk in the header":        "Subject: a\n" + rep("junk\n b\n") + "\n\nx",
		"carriage returns":          rep("a\r"),
		"parameters":                "Content-Type: text/plain; " + rep("a=b; ") + "\n\nx",
		"numbered parameters":       "Content-Type: text/plain; " + rep("a*1=b; ") + "\n\nx",
		"semicolons":                "Content-Type: text/plain " + rep("; ") + "\n\nx",
		"ids":                       "References: " + rep("<a@b> ") + "\n\nx",
		"attributions":              "Subject: a\n\n" + rep("On 1 a <a@b>\n"),
		"starters":                  "Subject: a\n\n" + rep("on 1:\n"),
		"copied headers":            "Subject: a\n\n" + rep("From: a\n"),
		"signatures":                "Subject: a\n\n" + rep("-- \n"),
		"rules":                     "Subject: a\n\n" + rep("-----\n"),
		"footers":                   "Subject: a\n\n" + rep("Sent from my phone\n"),
		"footers apart":             "Subject: a\n\n" + rep("Sent from my phone\n\n"),
		"uuencode begins":           "Subject: a\n\n" + rep("begin 644 a\n"),
		"uuencode without end":      "Subject: a\n\nbegin 644 a\n" + rep("#86)C\n"),
		"dashes":                    "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n" + rep("--\n"),
		"HTML tags":                 "Content-Type: text/html\n\n" + rep("<b>"),
		"HTML quotations":           "Content-Type: text/html\n\n" + rep("<blockquote>a"),
		"HTML comments":             "Content-Type: text/html\n\n" + rep("<!--"),
		"HTML attributes":           "Content-Type: text/html\n\n<a " + rep("a=b "),
		"HTML pictures":             "Content-Type: text/html\n\n" + rep(`<img src="cid:a">`),
		"HTML entities":             "Content-Type: text/html\n\n" + rep("&amp"),
	}
	for name, mail := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			done := make(chan struct{})
			go func() {
				defer close(done)
				Parse([]byte(mail), testOptions())
				Fingerprint([]byte(mail))
			}()
			select {
			case <-done:
			case <-ctx.Done():
				t.Errorf("%d bytes take more than %v", len(mail), limit)
			}
		})
	}
}
