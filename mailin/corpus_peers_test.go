package mailin

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"
	"unicode"
)

// expectation is what a peer's own test expects of a mail, in our words.
type expectation struct {
	subject, from string
	text          string   // "" where the format has none
	attachments   []string // "name/size", sorted
}

// peers read the expectation formats of the projects the mails come from; a
// format is told by the keys it has.
func readExpectation(b []byte) (expectation, bool) {
	var imap struct {
		Subject     *string
		From        *string `json:"from_"`
		Text        string
		Attachments []struct {
			Filename    string
			ContentType string `json:"content_type"`
			Payload     struct {
				B64 string `json:"bytes_b64"`
			}
		}
	}
	if json.Unmarshal(b, &imap) == nil && imap.From != nil && imap.Subject != nil {
		e := expectation{subject: *imap.Subject, from: *imap.From, text: imap.Text}
		for _, a := range imap.Attachments {
			content, err := base64.StdEncoding.DecodeString(a.Payload.B64)
			if err != nil {
				return e, false
			}
			e.attachments = append(e.attachments, fmt.Sprintf("%s/%d", a.Filename, len(content)))
		}
		return e, true
	}
	var php struct {
		Subject     *string
		From        []struct{ Address string } `json:"from_addresses"`
		Attachments []struct {
			Filename string
			Size     int
		}
	}
	if json.Unmarshal(b, &php) == nil && php.Subject != nil && php.From != nil {
		e := expectation{subject: *php.Subject}
		if len(php.From) > 0 {
			e.from = php.From[0].Address
		}
		for _, a := range php.Attachments {
			e.attachments = append(e.attachments, fmt.Sprintf("%s/%d", a.Filename, a.Size))
		}
		return e, true
	}
	type file struct {
		ContentType, ContentDisposition struct{ Params json.RawMessage }
		Data                            struct{ Bytes []int }
	}
	var letters struct {
		Headers *struct {
			Subject string
			From    []struct{ Address string }
		}
		Text                       string
		InlineFiles, AttachedFiles []file
	}
	if json.Unmarshal(b, &letters) == nil && letters.Headers != nil {
		e := expectation{subject: letters.Headers.Subject, text: letters.Text}
		if len(letters.Headers.From) > 0 {
			e.from = letters.Headers.From[0].Address
		}
		for _, f := range append(letters.InlineFiles, letters.AttachedFiles...) {
			// A file without parameters has a symbol where the object would be.
			var disposition, contentType map[string]string
			_ = json.Unmarshal(f.ContentDisposition.Params, &disposition)
			_ = json.Unmarshal(f.ContentType.Params, &contentType)
			name := disposition["filename"]
			if name == "" {
				name = contentType["name"]
			}
			e.attachments = append(e.attachments, fmt.Sprintf("%s/%d", name, len(f.Data.Bytes)))
		}
		return e, true
	}
	return expectation{}, false
}

func readGolden(b []byte) expectation {
	var e expectation
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, "From: "); ok && e.from == "" {
			if l := parseAddresses(v, "").list; len(l) > 0 {
				e.from = l[0].Address
			}
		}
		if v, ok := strings.CutPrefix(line, "Subject: "); ok && e.subject == "" {
			e.subject = v
		}
	}
	return e
}

// glyphs are the visible characters of a text in an order that does not tell
// where they stood: we show quotations apart from the new text.
func glyphs(s string) string {
	var rs []rune
	for _, r := range s {
		if !unicode.IsSpace(r) && r != '>' {
			rs = append(rs, r)
		}
	}
	slices.Sort(rs)
	return string(rs)
}

func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }

// TestPeersAgree measures how far subject, sender and attachments are what
// the projects that own the mails expect. What differs is printed with -v.
func TestPeersAgree(t *testing.T) {
	t.Parallel()
	c := openCorpus(t)
	type score struct{ mails, subject, from, attached, withAttached, text, withText int }
	scores := map[string]*score{}
	for _, rel := range c.mails {
		var want expectation
		golden := false
		if b, err := os.ReadFile(filepath.Join(c.dir, rel+".expected.json")); err == nil {
			var ok bool
			if want, ok = readExpectation(b); !ok {
				t.Logf("%s: expectation in a form nobody knows", rel)
				continue
			}
		} else if b, err := os.ReadFile(filepath.Join(c.dir, rel+".expected.golden")); err == nil {
			want, golden = readGolden(b), true
		} else {
			continue
		}
		m := Parse(c.read(t, rel), Options{})
		peer, _, _ := strings.Cut(rel, "/")
		s := scores[peer]
		if s == nil {
			s = &score{}
			scores[peer] = s
		}
		s.mails++
		if squeeze(m.Subject) == squeeze(want.subject) {
			s.subject++
		} else {
			t.Logf("%s: subject\n  got  %q\n  want %q", rel, m.Subject, want.subject)
		}
		from := ""
		if len(m.From) > 0 {
			from = m.From[0].Address
		}
		if strings.EqualFold(from, want.from) {
			s.from++
		} else {
			t.Logf("%s: from\n  got  %q\n  want %q", rel, from, want.from)
		}
		if want.text != "" {
			s.withText++
			if glyphs(m.Text+m.Quoted) == glyphs(want.text) {
				s.text++
			} else {
				t.Logf("%s: text\n  got  %.300q\n  want %.300q", rel, m.Text+m.Quoted, want.text)
			}
		}
		if golden {
			continue
		}
		var got []string
		for _, a := range m.Attachments {
			got = append(got, fmt.Sprintf("%s/%d", a.Name, a.Bytes))
		}
		sort.Strings(got)
		sort.Strings(want.attachments)
		s.withAttached++
		if squeeze(strings.Join(got, "|")) == squeeze(strings.Join(want.attachments, "|")) {
			s.attached++
		} else {
			t.Logf("%s: attachments\n  got  %q\n  want %q\n  defects %q", rel, got, want.attachments, m.Defects)
		}
	}
	all, right, texts, rightTexts := 0, 0, 0, 0
	for peer, s := range scores {
		t.Logf("%-24s %d mails: subject %d, from %d, attachments %d of %d, text %d of %d", peer, s.mails, s.subject, s.from, s.attached, s.withAttached, s.text, s.withText)
		all += 2*s.mails + s.withAttached
		right += s.subject + s.from + s.attached
		texts += s.withText
		rightTexts += s.text
	}
	t.Logf("agreement %d of %d (%.1f %%)", right, all, 100*float64(right)/float64(all))
	if right*100 < all*97 {
		t.Errorf("only %d of %d subjects, senders and attachment lists agree", right, all)
	}
	if rightTexts*100 < texts*90 {
		t.Errorf("only %d of %d texts agree", rightTexts, texts)
	}
}

// TestRepliesAgree measures the separation of new text from quotations
// against what the projects that own the texts expect.
func TestRepliesAgree(t *testing.T) {
	t.Parallel()
	c := openCorpus(t)
	for _, peer := range []struct {
		suffix string
		mail   bool
	}{{".expected.trimmed.txt", false}, {".expected.first-fragment.txt", false}, {".expected.reply.txt", true}} {
		all, right := 0, 0
		err := filepath.WalkDir(c.dir, func(path string, d os.DirEntry, err error) error {
			rel, ok := strings.CutSuffix(path, peer.suffix)
			if err != nil || !ok {
				return err
			}
			want, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			in, err := os.ReadFile(rel)
			if err != nil {
				return err
			}
			var got string
			if peer.mail {
				got = Parse(in, Options{}).Text
			} else {
				got = splitReply(plainText(string(in))).text
			}
			all++
			if squeeze(got) == squeeze(string(want)) {
				right++
			} else {
				t.Logf("%s\n  got  %q\n  want %q", strings.TrimPrefix(rel, c.dir), got, want)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d of %d agree", peer.suffix, right, all)
		if right*100 < all*70 {
			t.Errorf("%s: only %d of %d agree", peer.suffix, right, all)
		}
	}
}
