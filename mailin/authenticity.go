package mailin

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime"
	"net/mail"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/emersion/go-msgauth/dkim"
	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// Auth says how far the sender of a mail may be believed. Level 1 means that
// the mail really comes from the domain of its one From address and was
// written to us just now; whether that address is an account's registered one
// is for the caller to compare. Everything else is level 0.
type Auth struct {
	Level   int
	Method  string   // what proved the domain: "dmarc", "dkim", or "" when nothing did
	Reasons []string // every fact looked at: "for: …" or "against: …"
}

// AuthOptions says whom to believe.
type AuthOptions struct {
	AuthservID   string    // whose Authentication-Results (RFC 8601) to believe; "" believes none
	OwnHosts     []string  // what our own servers write after "by" in Received: names, ".suffixes", address prefixes
	OurAddresses []string  // the desk's mailboxes, bare
	ReceivedAt   time.Time // the server's INTERNALDATE
	// LookupTXT asks the DNS; its time-out is the caller's. nil leaves
	// signatures unverified.
	LookupTXT func(ctx context.Context, name string) ([]string, error)
}

// freshness is how far Date may be from the moment of receipt; an older mail
// may be a replay.
const freshness = 7 * 24 * time.Hour

// Authenticate judges one mail by the conditions of level 1: exactly one
// plain From address; our address in To or Cc; a Date within seven days of
// ReceivedAt; nothing that makes the mail look like another's or leads an answer
// astray; no header written twice or in a form that programs read
// differently; and the From domain proved by a DMARC or DKIM result of our
// own server, or by an aligned DKIM signature verified here. m is what Parse
// made of raw.
func Authenticate(ctx context.Context, raw []byte, m Mail, o AuthOptions) Auth {
	j := judge{mail: m, o: o, sound: true}
	j.walker = newWalker(raw, Options{})
	j.header, j.body = headerBlock(j.walker.raw, 0, j.walker.o.MaxHeaderBytes, nil, j.walker.defects.note)
	domain := j.from()
	j.form()
	j.recipients()
	j.date()
	if domain != "" {
		j.looks(domain)
		j.method(ctx, raw, domain)
	}
	if j.sound && j.auth.Method != "" {
		j.auth.Level = 1
	}
	return j.auth
}

// judge gathers facts about one mail.
type judge struct {
	mail   Mail
	o      AuthOptions
	walker *walker
	header header
	body   int // where the body starts
	sound  bool
	toUs   string // the field that names us: "to", "cc" or ""
	auth   Auth
}

func (j *judge) pro(format string, args ...any) {
	j.auth.Reasons = append(j.auth.Reasons, "for: "+fmt.Sprintf(format, args...))
}

func (j *judge) contra(format string, args ...any) {
	j.sound = false
	j.note(format, args...)
}

// note records what speaks against a method without failing the mail.
func (j *judge) note(format string, args ...any) {
	j.auth.Reasons = append(j.auth.Reasons, "against: "+fmt.Sprintf(format, args...))
}

// from checks that From can be read in one way only and returns its domain.
func (j *judge) from() (domain string) {
	m := j.mail
	switch {
	case m.fromFields == 0 || len(m.From) == 0:
		j.contra("no From address")
		return ""
	case m.fromFields > 1:
		j.contra("From is written %d times", m.fromFields)
		return ""
	case len(m.From) > 1:
		j.contra("%d From addresses", len(m.From))
		return ""
	case m.fromGroup:
		j.contra("From names a group")
		return ""
	}
	a := m.From[0].Address
	strict, err := strictAddresses(m.fromRaw)
	if err != nil || len(strict) != 1 || !strings.EqualFold(strict[0].Address, a) {
		j.contra("From is not written as the standard wants it")
		return ""
	}
	if hasComment(m.fromRaw) {
		j.contra("From holds a comment")
	}
	local, domain, _ := strings.Cut(a, "@")
	if local == "" || strings.ContainsAny(a, "\"<>(),;:\\ \x00") || strings.Contains(domain, "@") {
		j.contra("From address is unusual")
		return ""
	}
	if domain = asciiDomain(domain); domain == "" {
		j.contra("From domain is no domain")
		return ""
	}
	j.pro("one From address, domain %s", domain)
	return domain
}

// strictAddresses reads an address list by the letter of RFC 5322. Names in
// any charset are fine, only the structure matters.
func strictAddresses(v string) ([]*mail.Address, error) {
	structure := strings.Map(func(r rune) rune {
		if r >= utf8.RuneSelf {
			return '?'
		}
		return r
	}, v)
	p := mail.AddressParser{WordDecoder: &mime.WordDecoder{CharsetReader: func(_ string, in io.Reader) (io.Reader, error) { return in, nil }}}
	return p.ParseList(structure)
}

// hasComment finds a parenthesis outside of quoted strings and encoded words.
func hasComment(v string) bool {
	inQuotes := false
	for i := 0; i < len(v); i++ {
		switch v[i] {
		case '\\':
			i++
		case '"':
			inQuotes = !inQuotes
		case '(', ')':
			if !inQuotes {
				return true
			}
		}
	}
	return false
}

// form checks what header injection leaves behind.
func (j *judge) form() {
	for _, code := range []Defect{DefectBadHeaderLine, DefectHeaderWithoutEnd, DefectHeaderTooLong, DefectNoHeader} {
		if j.walker.defects.has(code) {
			j.contra("malformed header (%s)", code)
		}
	}
	block := j.walker.raw[:j.body]
	if bytes.IndexByte(block, 0) >= 0 || bareCR(block) {
		j.contra("control characters in the header")
	}
	for _, name := range []string{"To", "Cc", "Date", "Subject", "Sender", "Reply-To", "Message-ID", "Content-Type", "Content-Transfer-Encoding"} {
		if n := len(j.header.all(name)); n > 1 {
			j.contra("%d %s fields", n, name)
		}
	}
}

func bareCR(b []byte) bool {
	for i, c := range b {
		if c == '\r' && (i+1 == len(b) || b[i+1] != '\n') {
			return true
		}
	}
	return false
}

func (j *judge) recipients() {
	for _, f := range []struct {
		name string
		list []Address
	}{{"to", j.mail.To}, {"cc", j.mail.Cc}} {
		for _, a := range f.list {
			if ownAddress(a.Address, j.o.OurAddresses) {
				j.toUs = f.name
				j.pro("our address is in %s", f.name)
				return
			}
		}
	}
	j.contra("our address is neither in To nor in Cc")
}

func (j *judge) date() {
	switch d := j.mail.Date; {
	case d.IsZero():
		j.contra("no readable Date")
	case j.o.ReceivedAt.Sub(d).Abs() > freshness:
		j.contra("Date is more than 7 days away from receipt")
	default:
		j.pro("Date within 7 days of receipt")
	}
}

// method looks for a proof of the From domain: first what our own server
// found, then signatures.
func (j *judge) method(ctx context.Context, raw []byte, domain string) {
	if j.o.AuthservID != "" {
		j.serverResults(domain)
	} else {
		j.note("no server's Authentication-Results are believed")
	}
	if j.auth.Method == "" {
		j.signatures(ctx, raw, domain)
	}
}

// serverResults reads the topmost Authentication-Results of the believed
// server, if it stands above the first Received line that is not our own:
// whatever is below may have been written by the sender. Of several fields
// only the topmost counts, for a forged one would be below it.
func (j *judge) serverResults(domain string) {
	for _, f := range j.header {
		switch strings.ToLower(f.name) {
		case "received":
			if !j.ownHop(f.value) {
				j.note("no Authentication-Results of %s above the first foreign Received", j.o.AuthservID)
				return
			}
		case "authentication-results":
			id, results := parseAuthResults(f.value)
			if !strings.EqualFold(id, j.o.AuthservID) {
				continue
			}
			j.believe(results, domain)
			return
		}
	}
	j.note("there are no Authentication-Results of %s", j.o.AuthservID)
}

func (j *judge) believe(results []authResult, domain string) {
	for _, r := range results {
		if r.method != "dmarc" {
			continue
		}
		from := asciiDomain(r.props["header.from"])
		switch {
		case r.value == "fail":
			j.contra("our server says dmarc=fail")
			return
		case r.value != "pass": // no policy, or it could not be looked up: DKIM may still prove the domain
			j.note("our server says dmarc=%s", oneLine(r.value))
		case from != domain:
			j.note("dmarc=pass is about the domain %q", from)
		default:
			j.auth.Method = "dmarc"
			j.pro("our server says dmarc=pass for %s", domain)
			return
		}
	}
	for _, r := range results {
		d := asciiDomain(r.props["header.d"])
		if d == "" {
			_, after, _ := strings.Cut(r.props["header.i"], "@")
			d = asciiDomain(after)
		}
		if r.method == "dkim" && r.value == "pass" && aligned(d, domain) {
			j.auth.Method = "dkim"
			j.pro("our server says dkim=pass for %s", d)
			return
		}
	}
	j.note("our server proved neither DMARC nor an aligned DKIM signature")
}

// ownHop tells whether one of our hosts wrote a Received line.
func (j *judge) ownHop(v string) bool {
	v, _, _ = strings.Cut(dropComments(v), ";")
	words := strings.Fields(strings.ToLower(v))
	for i := 0; i+1 < len(words); i++ {
		if words[i] == "by" {
			return namesHost(words[i+1], j.o.OwnHosts)
		}
	}
	return false
}

// mostSignatures bounds the look-ups one mail can cause.
const mostSignatures = 5

// signatures verifies DKIM (RFC 6376). A signature counts when its domain is
// that of From, and when it covers From, Date, Subject and the field that
// names us: a signed mail to somebody else could otherwise be sent on to us.
// One with a body length (l=) is refused by the library, for it lets others
// append to the body.
func (j *judge) signatures(ctx context.Context, raw []byte, domain string) {
	if j.o.LookupTXT == nil {
		j.note("DKIM was not verified: no name look-up")
		return
	}
	if !j.header.has("DKIM-Signature") {
		j.note("no DKIM signature")
		return
	}
	if !bytes.Contains(raw, []byte("\r\n")) {
		raw = bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n"))
	}
	found, err := dkim.VerifyWithOptions(bytes.NewReader(raw), &dkim.VerifyOptions{
		LookupTXT: func(name string) ([]string, error) {
			records, err := j.o.LookupTXT(ctx, name)
			return slices.DeleteFunc(slices.Clone(records), onlyTests), err
		},
		MaxVerifications: mostSignatures,
	})
	if err != nil && len(found) == 0 {
		j.note("DKIM: %v", err)
		return
	}
	for _, v := range found {
		d := asciiDomain(v.Domain)
		missing := j.unsigned(v.HeaderKeys)
		switch {
		case v.Err != nil:
			j.note("DKIM signature of %q: %v", d, v.Err)
		case !aligned(d, domain):
			j.note("DKIM signature of %s is valid, but From is of %s", d, domain)
		case missing != "":
			j.note("DKIM signature of %s does not cover %s", d, missing)
		default:
			j.auth.Method = "dkim"
			j.pro("DKIM signature of %s is valid", d)
			return
		}
	}
}

// unsigned is the first field that a signature had to cover and does not.
func (j *judge) unsigned(signed []string) string {
	for _, want := range []string{"from", "date", "subject", j.toUs} {
		if want == "" || !j.header.has(want) {
			continue
		}
		ok := false
		for _, s := range signed {
			ok = ok || strings.EqualFold(s, want)
		}
		if !ok {
			return want
		}
	}
	return ""
}

// aligned is relaxed alignment (RFC 7489 3.1): both domains belong to the
// same organisation.
func aligned(a, b string) bool {
	orgA, errA := publicsuffix.EffectiveTLDPlusOne(a)
	orgB, errB := publicsuffix.EffectiveTLDPlusOne(b)
	return errA == nil && errB == nil && orgA == orgB
}

// asciiDomain is a domain in lower-case ASCII form, "" when it is none.
func asciiDomain(s string) string {
	s = strings.TrimSuffix(strings.TrimSpace(s), ".")
	a, err := idna.Lookup.ToASCII(strings.ToLower(s))
	if err != nil || !strings.Contains(a, ".") {
		return ""
	}
	return a
}
