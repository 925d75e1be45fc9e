package reply_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-message/mail"
	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/agents/reply"
	"github.com/canceldesk/canceldesk/tickets"
)

// fields are the names of the header's fields, in order.
func fields(raw []byte) []string {
	var out []string
	for line := range strings.Lines(headerOf(raw)) {
		if line[0] != ' ' && line[0] != '\t' {
			name, _, _ := strings.Cut(line, ":")
			out = append(out, name)
		}
	}
	return out
}

func TestNothingBreaksOutOfItsHeader(t *testing.T) {
	t.Parallel()
	plain, err := reply.Compose(facts(tickets.TellReceipt, "en"))
	if err != nil {
		t.Fatal(err)
	}
	want := fields(plain.Raw)
	for name, inject := range map[string]func(*reply.Facts, string){
		"subject":    func(f *reply.Facts, s string) { f.Thread.Subject = "Hi" + s },
		"name":       func(f *reply.Facts, s string) { f.From.Name = "Desk" + s },
		"references": func(f *reply.Facts, s string) { f.Thread.References = append(f.Thread.References, "x@y"+s) },
		"product":    func(f *reply.Facts, s string) { f.Product += s },
	} {
		for _, s := range []string{"\r\nBcc: eve@example.net", "\nBcc: eve@example.net\n\nbody", "\rBcc: eve@example.net", "\u2028Bcc: eve", "\x00", "=?utf-8?q?=0D=0ABcc:_eve?=", "> <eve@example.net"} {
			f := facts(tickets.TellReceipt, "en")
			inject(&f, s)
			m, err := reply.Compose(f)
			if err != nil {
				t.Errorf("%s %q: %v", name, s, err)
				continue
			}
			if diff := cmp.Diff(want, fields(m.Raw)); diff != "" {
				t.Errorf("%s %q changed the header (-want +got):\n%s", name, s, diff)
			}
			if got := read(t, m.Raw); strings.ContainsAny(got.subject, "\r\n\x00") {
				t.Errorf("%s %q: subject %q", name, s, got.subject)
			}
		}
	}
}

func TestAnAnsweredMessageIDThatIsNoneIsLeftOut(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"", "a b@c", "a@b>\r\nBcc: eve", "ü@example.com", strings.Repeat("a", 251)} {
		f := facts(tickets.TellReceipt, "en")
		f.Thread = reply.Thread{Subject: "Hi", InReplyTo: id}
		m, err := reply.Compose(f)
		if err != nil {
			t.Fatal(err)
		}
		if got := fields(m.Raw); slices.Contains(got, "In-Reply-To") || slices.Contains(got, "References") || slices.Contains(got, "Bcc") {
			t.Errorf("%q became a header: %v", id, got)
		}
	}
}

func TestRecipientsThatAreNoAddressAreRefused(t *testing.T) {
	t.Parallel()
	for _, to := range []string{
		"", "13800001234", "a@b\r\nBcc: eve@example.net", "Li <li@example.com>", "a@b, c@d", "<a@b>", "李@example.com", "a b@example.com",
	} {
		f := facts(tickets.TellReceipt, "en")
		f.Recipient = to
		_, err := reply.Compose(f)
		wantKind(t, err, tickets.Invalid)
	}
}

func TestTheDeskDoesNotWriteToItself(t *testing.T) {
	t.Parallel()
	f := facts(tickets.TellReceipt, "en")
	f.Recipient = "Service@example.com"
	_, err := reply.Compose(f)
	wantKind(t, err, tickets.Conflict)
}

func TestSubjects(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("很长", 200)
	for subject, want := range map[string]string{
		"退订":               "Re: 退订",
		"Re: stop":         "Re: stop",
		"回复：退订":            "回复：退订",
		"two\r\nlines":     "Re: two lines",
		"a \u202ereversed": "Re: a reversed",
		"":                 "We have received your message (CD-000123)",
		long:               "Re: " + string([]rune(long)[:149]) + "…",
	} {
		f := facts(tickets.TellReceipt, "en")
		f.Thread.Subject = subject
		m, err := reply.Compose(f)
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, m.Raw).subject; got != want {
			t.Errorf("%q is answered under %q, want %q", subject, got, want)
		}
		// RFC 2047 section 2: a line with an encoded word is at most 76 long, its line end not counted.
		for line := range bytes.Lines(m.Raw) {
			if len(line) > 998+2 || bytes.Contains(line, []byte("=?")) && len(line) > 76+2 {
				t.Errorf("%q: a line of %d octets: %q", subject, len(line), line)
			}
		}
	}
}

func TestReferencesKeepTheFirstAndTheNewest(t *testing.T) {
	t.Parallel()
	f := facts(tickets.TellReceipt, "en")
	f.Thread.References = nil
	for _, c := range "abcdefghijklmnop" {
		f.Thread.References = append(f.Thread.References, string(c)+"@x")
	}
	f.Thread.InReplyTo = "p@x"
	m, err := reply.Compose(f)
	if err != nil {
		t.Fatal(err)
	}
	h := mail.Header{Header: read(t, m.Raw).header.Header}
	got, err := h.MsgIDList("References")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"a@x", "h@x", "i@x", "j@x", "k@x", "l@x", "m@x", "n@x", "o@x", "p@x"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("references (-want +got):\n%s", diff)
	}
}

// FuzzHeaders looks for a customer's subject, name or Message-ID that changes the header of our answer.
func FuzzHeaders(f *testing.F) {
	f.Add("Hi\r\nBcc: eve", "Desk\n", "a@b>\r\n")
	plain, err := reply.Compose(facts(tickets.TellReceipt, "en"))
	if err != nil {
		f.Fatal(err)
	}
	want := fields(plain.Raw)
	f.Fuzz(func(t *testing.T, subject, name, id string) {
		x := facts(tickets.TellReceipt, "en")
		x.Thread.Subject, x.From.Name = subject, name
		x.Thread.References = append(x.Thread.References, id)
		m, err := reply.Compose(x)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, fields(m.Raw)); diff != "" {
			t.Errorf("header (-want +got):\n%s", diff)
		}
		read(t, m.Raw)
	})
}
