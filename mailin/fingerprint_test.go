package mailin

import (
	"strings"
	"testing"
)

func TestFingerprint(t *testing.T) {
	t.Parallel()
	const mail = "Return-Path: <a@example.cn>\r\nReceived: from x\r\n\tby y\r\nSubject: 退订\r\n folded\r\nX-Spam: no\r\n\r\n正文\r\nX-In-Body: stays\r\n"
	same := map[string]string{
		"line feeds only":         strings.ReplaceAll(mail, "\r\n", "\n"),
		"carriage returns only":   strings.ReplaceAll(mail, "\r\n", "\r"),
		"another trace":           strings.Replace(mail, "from x\r\n\tby y", "from z\r\n\tby w\r\n\tfor v", 1),
		"no trace":                strings.NewReplacer("Return-Path: <a@example.cn>\r\n", "", "Received: from x\r\n\tby y\r\n", "", "X-Spam: no\r\n", "").Replace(mail),
		"signed on the way":       "DKIM-Signature: v=1;\r\n b=abc\r\nARC-Seal: i=1\r\nAuthentication-Results: mx; none\r\nDelivered-To: b@example.cn\r\n" + mail,
		"field names in capitals": strings.Replace(mail, "Received:", "RECEIVED:", 1),
	}
	for name, other := range same {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if Fingerprint([]byte(mail)) != Fingerprint([]byte(other)) {
				t.Error("the same mail has two fingerprints")
			}
		})
	}
	different := map[string]string{
		"another word in the body":        strings.Replace(mail, "正文", "正本", 1),
		"another subject":                 strings.Replace(mail, "退订", "退款", 1),
		"another fold in the subject":     strings.Replace(mail, " folded", "  folded", 1),
		"another line after the X- body":  strings.Replace(mail, "X-In-Body: stays", "X-In-Body: goes", 1),
		"an empty line more":              mail + "\r\n",
		"the fold belongs to the subject": strings.Replace(mail, "Subject: 退订\r\n", "X-Subject: 退订\r\n", 1),
	}
	for name, other := range different {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if Fingerprint([]byte(mail)) == Fingerprint([]byte(other)) {
				t.Error("two different mails have one fingerprint")
			}
		})
	}
}

// TestForeignDuplicates checks the figure that the foreign mails are known to
// have: eleven groups of mails that are the same, 24 files in all.
func TestForeignDuplicates(t *testing.T) {
	t.Parallel()
	c := openCorpus(t)
	groups := map[[32]byte][]string{}
	for _, rel := range c.mails {
		f := Fingerprint(c.read(t, rel))
		groups[f] = append(groups[f], rel)
	}
	repeated, files := 0, 0
	for _, g := range groups {
		if len(g) > 1 {
			repeated++
			files += len(g)
		}
	}
	if len(c.mails) != 956 || repeated != 11 || files != 24 {
		t.Errorf("%d mails hold %d groups of %d duplicates, want 956, 11 and 24", len(c.mails), repeated, files)
	}
}
