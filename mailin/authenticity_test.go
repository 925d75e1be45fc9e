package mailin

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"
)

// sender is a domain that signs its mail, with the name server that says so.
type sender struct {
	key crypto.Signer
	txt map[string]string
}

func newSender(t *testing.T, domain string) sender {
	t.Helper()
	pub, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return sender{key, map[string]string{"s1._domainkey." + domain: "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(pub)}}
}

func (s sender) lookup(_ context.Context, name string) ([]string, error) {
	if v, ok := s.txt[name]; ok {
		return []string{v}, nil
	}
	return nil, errors.New("no such name")
}

func (s sender) sign(t *testing.T, domain, mail string, fields ...string) string {
	t.Helper()
	if fields == nil {
		fields = []string{"From", "To", "Subject", "Date"}
	}
	var out bytes.Buffer
	err := dkim.Sign(&out, strings.NewReader(mail), &dkim.SignOptions{Domain: domain, Selector: "s1", Signer: s.key, HeaderKeys: fields})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

const plainMail = "From: =?gb2312?B?zfXQobfn?= <wang@mail.example.cn>\r\nTo: <service@desk.example>\r\nSubject: stop\r\nDate: Mon, 05 Aug 2024 10:00:00 +0800\r\nMessage-ID: <1@mail.example.cn>\r\n\r\nplease stop\r\n"

const believed = "Authentication-Results: mx.desk.example; dmarc=pass (p=none) header.from=mail.example.cn\r\n"

const hops = "Received: from mx.desk.example by store.desk.example; Mon, 05 Aug 2024 10:00:02 +0800\r\n"

const foreignHop = "Received: from home by smtp.example.cn; Mon, 05 Aug 2024 10:00:01 +0800\r\n"

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	s := newSender(t, "example.cn")
	s.txt["s1._domainkey.tests.example"] = strings.Replace(s.txt["s1._domainkey.example.cn"], "v=DKIM1;", "v=DKIM1; t=s:y;", 1)
	s.txt["s1._domainkey.evil.example"] = s.txt["s1._domainkey.example.cn"]
	replace := func(old, with string) string { return strings.Replace(plainMail, old, with, 1) }
	signed := s.sign(t, "example.cn", plainMail)
	tests := map[string]struct {
		mail   string
		level  int
		method string
		reason string // must be among the reasons
	}{
		"our server's dmarc=pass counts":                 {believed + plainMail, 1, "dmarc", "for: our server says dmarc=pass"},
		"below our own hop it still counts":              {hops + believed + foreignHop + plainMail, 1, "dmarc", ""},
		"below a foreign hop it is the sender's own":     {foreignHop + believed + plainMail, 0, "", "above the first foreign Received"},
		"another server is not believed":                 {strings.Replace(believed, "mx.desk", "mx.evil", 1) + plainMail, 0, "", "no Authentication-Results of mx.desk.example"},
		"only the topmost field counts":                  {"Authentication-Results: mx.desk.example; dmarc=fail header.from=mail.example.cn\r\n" + believed + plainMail, 0, "", "dmarc=fail"},
		"a result in a comment is no result":             {"Authentication-Results: mx.desk.example; spf=fail (said; dmarc=pass header.from=mail.example.cn)\r\n" + plainMail, 0, "", "proved neither"},
		"a result in a quoted string is no result":       {"Authentication-Results: mx.desk.example; spf=pass smtp.mailfrom=\"a; dmarc=pass header.from=mail.example.cn; b\"@evil.example\r\n" + plainMail, 0, "", "proved neither"},
		"dmarc of another domain proves nothing":         {strings.Replace(believed, "header.from=mail.example.cn", "header.from=evil.example", 1) + plainMail, 0, "", "is about the domain"},
		"our server's aligned dkim=pass counts":          {"Authentication-Results: mx.desk.example; dkim=pass header.d=example.cn header.s=s1\r\n" + plainMail, 1, "dkim", ""},
		"no DMARC policy leaves it to dkim":              {"Authentication-Results: mx.desk.example; dmarc=none header.from=mail.example.cn; dkim=pass header.i=@example.cn\r\n" + plainMail, 1, "dkim", "dmarc=none"},
		"dmarc=fail is final":                            {"Authentication-Results: mx.desk.example; dmarc=fail header.from=mail.example.cn; dkim=pass header.d=example.cn\r\n" + plainMail, 0, "", "dmarc=fail"},
		"our server's foreign dkim=pass does not":        {"Authentication-Results: mx.desk.example; dkim=pass header.d=bulk.example\r\n" + plainMail, 0, "", "proved neither"},
		"an aligned signature verified here counts":      {signed, 1, "dkim", "for: DKIM signature of example.cn is valid"},
		"line feeds alone do not break a signature":      {strings.ReplaceAll(signed, "\r\n", "\n"), 1, "dkim", ""},
		"a changed body breaks it":                       {strings.Replace(signed, "please stop", "please refund", 1), 0, "", "body hash did not verify"},
		"a signature of another domain is not aligned":   {s.sign(t, "evil.example", plainMail), 0, "", "is valid, but From is of mail.example.cn"},
		"the field that names us must be signed":         {s.sign(t, "example.cn", plainMail, "From", "Date", "Subject"), 0, "", "does not cover to"},
		"the date must be signed":                        {s.sign(t, "example.cn", plainMail, "From", "To", "Subject"), 0, "", "does not cover date"},
		"a second From lowers it":                        {"From: <boss@evil.example>\r\n" + signed, 0, "", "against: From is written 2 times"},
		"two addresses in From lower it":                 {believed + replace("<wang@mail.example.cn>\r\nTo", "<wang@mail.example.cn>, <b@mail.example.cn>\r\nTo"), 0, "", "2 From addresses"},
		"a comment in From lowers it":                    {believed + replace("<wang@mail.example.cn>\r\nTo", "<wang@mail.example.cn> (li@mail.example.cn)\r\nTo"), 0, "dmarc", "From holds a comment"},
		"a group in From lowers it":                      {believed + replace("=?gb2312?B?zfXQobfn?= <wang@mail.example.cn>", "us: <wang@mail.example.cn>;"), 0, "", "From names a group"},
		"From without an address lowers it":              {believed + replace("<wang@mail.example.cn>\r\nTo", "\r\nTo"), 0, "", "From"},
		"a second Subject lowers it":                     {believed + "Subject: other\r\n" + plainMail, 0, "dmarc", "2 Subject fields"},
		"mail to somebody else lowers it":                {believed + replace("service@desk.example", "other@desk.example"), 0, "dmarc", "neither in To nor in Cc"},
		"our address in Cc is enough":                    {believed + replace("To: <service@desk.example>", "To: <x@other.example>\r\nCc: Desk <SERVICE@desk.example>"), 1, "dmarc", "our address is in cc"},
		"an old Date lowers it":                          {believed + replace("05 Aug 2024", "05 Jul 2024"), 0, "dmarc", "more than 7 days"},
		"a Date to come lowers it":                       {believed + replace("05 Aug 2024", "25 Aug 2024"), 0, "dmarc", "more than 7 days"},
		"no Date lowers it":                              {believed + replace("Date: Mon, 05 Aug 2024 10:00:00 +0800\r\n", ""), 0, "dmarc", "no readable Date"},
		"a line that is no field lowers it":              {believed + replace("Subject: stop", "Subject: stop\r\nbroken"), 0, "dmarc", "malformed header"},
		"a lone carriage return lowers it":               {believed + replace("Subject: stop", "Subject: stop\rFrom: <x@y.example>"), 0, "dmarc", "control characters"},
		"our address with a tag is ours":                 {believed + replace("<service@desk", "<service+cd-000001-abc@desk"), 1, "dmarc", "for: our address"},
		"a name with another address lowers it":          {believed + replace("=?gb2312?B?zfXQobfn?=", "\"li@example.com\""), 0, "dmarc", "shows another address"},
		"a name with his own does not":                   {believed + replace("=?gb2312?B?zfXQobfn?=", "\"wang@mail.example.cn\""), 1, "dmarc", ""},
		"an encoded name with another address lowers it": {believed + replace("=?gb2312?B?zfXQobfn?=", "=?utf-8?B?c2VydmljZUBkZXNrLmV4YW1wbGU=?="), 0, "dmarc", "shows another address"},
		"a foreign Reply-To lowers it":                   {believed + "Reply-To: <x@evil.example>\r\n" + plainMail, 0, "dmarc", "Reply-To is another address"},
		"somebody else's at the same provider too":       {believed + "Reply-To: <x@mail.example.cn>\r\n" + plainMail, 0, "dmarc", "Reply-To is another address"},
		"his own does not":                               {believed + "Reply-To: <Wang+shop@mail.example.cn>\r\n" + plainMail, 1, "dmarc", ""},
		"a replay to somebody else lowers it":            {s.sign(t, "example.cn", replace("service@desk.example", "other@shop.example")), 0, "dkim", "neither in To nor in Cc"},
		"a replay with us added below Cc lowers it":      {"Cc: <service@desk.example>\r\n" + s.sign(t, "example.cn", replace("service@desk.example", "other@shop.example")), 0, "", "does not cover cc"},
		"an old one replayed lowers it":                  {s.sign(t, "example.cn", replace("Mon, 05 Aug", "Mon, 05 Feb")), 0, "dkim", "7 days away"},
		"a domain that only tests DKIM is unsigned":      {s.sign(t, "tests.example", replace("mail.example.cn", "tests.example")), 0, "", "no valid key"},
		"a mail that only says who it is from is nobody": {plainMail, 0, "", "no DKIM signature"},
		"no mail at all is nobody":                       {"", 0, "", "no From address"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw := []byte(tt.mail)
			a := Authenticate(t.Context(), raw, Parse(raw, Options{}), AuthOptions{
				AuthservID:   "mx.desk.example",
				OwnHosts:     []string{"store.desk.example", "mx.desk.example"},
				OurAddresses: []string{"service@desk.example"},
				ReceivedAt:   time.Date(2024, 8, 5, 2, 0, 3, 0, time.UTC),
				LookupTXT:    s.lookup,
			})
			if a.Level != tt.level || a.Method != tt.method {
				t.Errorf("level %d by %q, want %d by %q: %q", a.Level, a.Method, tt.level, tt.method, a.Reasons)
			}
			if !strings.Contains(strings.Join(a.Reasons, "\n"), tt.reason) {
				t.Errorf("reasons %q do not name %q", a.Reasons, tt.reason)
			}
		})
	}
}

func TestBodyLengthTagIsRefused(t *testing.T) {
	t.Parallel()
	s := newSender(t, "example.cn")
	signed := strings.Replace(s.sign(t, "example.cn", plainMail), "v=1;", "v=1; l=13;", 1)
	a := Authenticate(t.Context(), []byte(signed), Parse([]byte(signed), Options{}), AuthOptions{
		OurAddresses: []string{"service@desk.example"}, ReceivedAt: time.Date(2024, 8, 5, 2, 0, 3, 0, time.UTC), LookupTXT: s.lookup,
	})
	if a.Level != 0 || !strings.Contains(strings.Join(a.Reasons, "\n"), "body length") {
		t.Errorf("level %d, %q", a.Level, a.Reasons)
	}
}

func TestAlignment(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"mail.example.cn", "example.cn", true},
		{"a.example.com.cn", "b.example.com.cn", true},
		{"a.com.cn", "b.com.cn", false},
		{"com.cn", "com.cn", false},
		{"", "", false},
		{"notexample.cn", "example.cn", false},
	} {
		if got := aligned(tt.a, tt.b); got != tt.want {
			t.Errorf("aligned(%q, %q) = %v", tt.a, tt.b, got)
		}
	}
}
