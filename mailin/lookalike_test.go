package mailin

import (
	"strings"
	"testing"
	"time"
)

// TestLookAlikeDomains: the domain proves itself, and is not the one that a reader takes it for.
func TestLookAlikeDomains(t *testing.T) {
	t.Parallel()
	for domain, reason := range map[string]string{
		"qq.com":                "",
		"xn--fiqs8s.example":    "", // 中国
		"почта.example":         "", // plainly Cyrillic
		"аррӏе-support.example": "written to look like another",
		"асе.example":           "written to look like another", // three Cyrillic letters
		"exаmple.com":           "written to look like another", // with one Cyrillic letter
		"desk.example":          "",
		"mail.desk.example":     "",
		"de5k.example":          "looks like our own",
		"d-esk.example":         "looks like our own",
		"desk.exarnple":         "looks like our own",
	} {
		t.Run(domain, func(t *testing.T) {
			t.Parallel()
			ascii := asciiDomain(domain)
			if ascii == "" {
				t.Fatal("no domain")
			}
			raw := "Authentication-Results: mx.desk.example; dmarc=pass header.from=" + ascii + "\r\n" + strings.Replace(plainMail, "mail.example.cn", ascii, 1)
			a := Authenticate(t.Context(), []byte(raw), Parse([]byte(raw), Options{}), AuthOptions{
				AuthservID: "mx.desk.example", OurAddresses: []string{"service@desk.example"}, ReceivedAt: time.Date(2024, 8, 5, 2, 0, 3, 0, time.UTC),
			})
			if said := strings.Join(a.Reasons, "\n"); (a.Level == 1) != (reason == "") || !strings.Contains(said, reason) {
				t.Errorf("level %d, want %q:\n%s", a.Level, reason, said)
			}
		})
	}
}

func TestOwnHosts(t *testing.T) {
	t.Parallel()
	own := []string{"mx.desk.example", ".prod.desk.example", "10.1.0.0/16", "2002:a05::/32", "bad/prefix"}
	for host, want := range map[string]bool{
		"mx.desk.example": true, "MX.desk.example.": true, "a.mx.desk.example": false, "am7.eur.prod.desk.example": true,
		"prod.desk.example": false, "evil-prod.desk.example": false, "xprod.desk.example": false, "10.1.2.3": true, "[10.1.2.3]": true, "10.2.0.1": false,
		"2002:a05:6402::1": true, "[IPv6:2002:a05::9]": true, "": false, "10.1.0.0/16": false,
	} {
		if got := namesHost(host, own); got != want {
			t.Errorf("%q: %t", host, got)
		}
	}
}

func TestTagsOfOurOwnAddresses(t *testing.T) {
	t.Parallel()
	m := Parse([]byte("From: <li@example.com>\nTo: x+no@else.example, Desk <Service+CD-000001-abc@Desk.example>\nCc: service@desk.example\n"+
		"Delivered-To: service+two+three@desk.example\nX-Original-To: service+@desk.example\n\nx\n"), Options{OwnAddresses: []string{"service@desk.example"}})
	if got := strings.Join(m.tags, " "); got != "CD-000001-abc two+three" {
		t.Errorf("tags %q", got)
	}
	many := Parse([]byte("To: "+strings.Repeat("service+x@desk.example, ", 500)+"\n\nx\n"), Options{OwnAddresses: []string{"service@desk.example"}})
	if len(many.tags) > mostTags {
		t.Errorf("%d tags", len(many.tags))
	}
	own := Parse([]byte("From: service+cd-000001-abc@desk.example\n\nx\n"), Options{OwnAddresses: []string{"service@desk.example"}})
	if own.Kind != KindOwn {
		t.Errorf("kind %s", own.Kind)
	}
}
