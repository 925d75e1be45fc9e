package mailin

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
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

// differences are the checked-in explanations of where this package and a project that owns a mail
// disagree, by file and field.
type differences map[string]string

func readDifferences(t *testing.T) differences {
	t.Helper()
	b, err := os.ReadFile("testdata/peers.tsv")
	if err != nil {
		t.Fatal(err)
	}
	d := differences{}
	for i, line := range strings.Split(strings.TrimSpace(string(b)), "\n") {
		f := strings.Split(line, "\t")
		if i == 0 {
			continue // the names of the columns
		}
		if len(f) != 3 || len(f[2]) < 20 {
			t.Errorf("testdata/peers.tsv:%d: file, field and explanation are wanted", i+1)
			continue
		}
		d[f[0]+" "+f[1]] = f[2]
	}
	return d
}

// compare tells whether a field agrees. A difference without an explanation fails, and so does an
// explanation of what agrees.
func (d differences) compare(t *testing.T, file, field, got, want string) bool {
	t.Helper()
	agree := got == want
	switch why := d[file+" "+field]; {
	case agree && why != "":
		t.Errorf("%s: %s agrees, and testdata/peers.tsv explains why it does not", file, field)
	case !agree && why == "":
		t.Errorf("%s: %s differs without an explanation\n  got  %.400q\n  want %.400q", file, field, got, want)
	}
	return agree
}

type tally struct{ right, all int }

func (s *tally) count(agree bool) {
	s.all++
	if agree {
		s.right++
	}
}

func (s tally) String() string {
	return fmt.Sprintf("%d of %d (%.1f %%)", s.right, s.all, 100*float64(s.right)/float64(max(s.all, 1)))
}

// TestPeersAgree measures how far subject, sender, attachments and text are what the projects that own
// the mails expect. Each difference is explained in testdata/peers.tsv.
func TestPeersAgree(t *testing.T) {
	t.Parallel()
	c := openCorpus(t)
	d := readDifferences(t)
	scores := map[string]*tally{}
	score := func(name string) *tally {
		if scores[name] == nil {
			scores[name] = &tally{}
		}
		return scores[name]
	}
	for _, rel := range c.mails {
		var want expectation
		golden := false
		if b, err := os.ReadFile(filepath.Join(c.dir, rel+".expected.json")); err == nil {
			var ok bool
			if want, ok = readExpectation(b); !ok {
				t.Logf("%s: says nothing of subject, sender and attachments", rel)
				continue
			}
		} else if b, err := os.ReadFile(filepath.Join(c.dir, rel+".expected.golden")); err == nil {
			want, golden = readGolden(b), true
		} else {
			continue
		}
		m := Parse(c.read(t, rel), Options{})
		peer, _, _ := strings.Cut(rel, "/")
		say := func(field, got, want string) {
			agree := d.compare(t, rel, field, got, want)
			score(peer + " " + field).count(agree)
			if field == "text" {
				score("text").count(agree)
			} else {
				score("subject, from and attachments").count(agree)
			}
		}
		say("subject", squeeze(m.Subject), squeeze(want.subject))
		from := ""
		if len(m.From) > 0 {
			from = m.From[0].Address
		}
		say("from", strings.ToLower(from), strings.ToLower(want.from))
		if want.text != "" {
			say("text", glyphs(m.Text+m.Quoted), glyphs(want.text))
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
		say("attachments", squeeze(strings.Join(got, "|")), squeeze(strings.Join(want.attachments, "|")))
	}
	for _, name := range slices.Sorted(maps.Keys(scores)) {
		t.Logf("%-40s %v", name, scores[name])
	}
	if s := score("subject, from and attachments"); s.right*100 < s.all*97 {
		t.Errorf("only %v subjects, senders and attachment lists agree", s)
	}
	if s := score("text"); s.right*100 < s.all*90 {
		t.Errorf("only %v texts agree", s)
	}
}

// TestRepliesAgree measures the separation of new text from quotations against what the projects that
// own the texts expect. Each difference is explained in testdata/peers.tsv.
func TestRepliesAgree(t *testing.T) {
	t.Parallel()
	c := openCorpus(t)
	d := readDifferences(t)
	for _, peer := range []struct {
		name, suffix string
		least        int // of a hundred
	}{
		{"email_reply_trimmer", ".expected.trimmed.txt", 89},
		{"crisp", ".expected.first-fragment.txt", 90},
		{"talon", ".expected.reply.txt", 80}, // twelve mails, two of which keep their signature
	} {
		var s tally
		err := filepath.WalkDir(c.dir, func(path string, e os.DirEntry, err error) error {
			file, ok := strings.CutSuffix(path, peer.suffix)
			if err != nil || !ok {
				return err
			}
			want, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			in, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			if strings.Contains(file, "body-text") { // a text without its header
				in = append([]byte("Content-Type: text/plain; charset=utf-8\n\n"), in...)
			}
			rel, err := filepath.Rel(c.dir, file)
			if err != nil {
				return err
			}
			m := Parse(in, Options{})
			s.count(d.compare(t, rel, "reply", squeeze(m.Text), squeeze(string(want))))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%-20s %v", peer.name, s)
		if s.right*100 < s.all*peer.least {
			t.Errorf("%s: only %v agree", peer.name, s)
		}
	}
}
