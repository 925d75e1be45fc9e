package mailin

import (
	"slices"
	"strings"
	"testing"
)

// A header that is larger than any program writes still tells who wrote what, and fills no list.
func TestAHugeHeaderStillTellsWhoWroteWhat(t *testing.T) {
	t.Parallel()
	const rest = "From: 王芳 <wang@x.example>\nSubject: 退订\nDate: Mon, 5 Aug 2024 10:00:00 +0800\nMessage-ID: <a@x.example>\n\n请取消自动续费\n"
	for name, junk := range map[string]string{
		"20,000 fields":  strings.Repeat("X-Junk: a\n", 20000),
		"a line of 1 MB": "X-Junk: " + strings.Repeat("a", 1<<20) + "\n",
		"a fold of 1 MB": "X-Junk: a\n" + strings.Repeat(" b\n", 1<<20/3),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := Parse([]byte(junk+rest), Options{})
			if len(m.From) != 1 || m.From[0].Address != "wang@x.example" || m.Subject != "退订" || m.Date.IsZero() || m.MessageID != "a@x.example" || m.Text != "请取消自动续费" {
				t.Errorf("read %+v", m)
			}
		})
	}
}

func TestWhatScreensShowOfAMailIsBounded(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("退订", 1<<15)
	m := Parse([]byte("From: \""+long+"\" <wang@x.example>\nTo: "+strings.Repeat("a@x.example, ", 50000)+"\nSubject: "+long+"\nMessage-ID: <"+strings.Repeat("a", 1<<18)+
		"@x>\nReferences: "+strings.Repeat("<b@x> ", 10000)+"\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b\nContent-Type: image/png; name=\""+long+".png\"\n\nx\n--b--\n"), Options{})
	for what, n := range map[string][2]int{
		"the subject":             {len(m.Subject), mostSubject},
		"the writer's name":       {len(m.From[0].Name), mostName},
		"the list of readers":     {len(m.To), mostAddresses},
		"the Message-ID":          {len(m.MessageID), mostID},
		"the list of older mails": {len(m.References), 100},
		"the file's name":         {len(m.Attachments[0].Name), mostFileName},
	} {
		if n[0] == 0 || n[0] > n[1] {
			t.Errorf("%s is %d long, at most %d is wanted", what, n[0], n[1])
		}
	}
	if !strings.HasPrefix(m.Subject, "退订退订") || !strings.HasSuffix(m.Attachments[0].Name, "退订.png") {
		t.Errorf("cut at the wrong end: %.30q %q", m.Subject, m.Attachments[0].Name[len(m.Attachments[0].Name)-10:])
	}
	if !slices.Contains(m.Defects, "text_cut: Subject") {
		t.Errorf("the subject was cut in silence: %q", m.Defects)
	}
}
