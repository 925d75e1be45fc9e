package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/agents/reply/smtptest"
	"github.com/canceldesk/canceldesk/mailin/dovecottest"
)

// asProgram makes the test binary behave as the program itself, so that tests can kill it.
const asProgram = "CANCELDESK_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// testDesk is the program as it is installed: a settings file, a real Dovecot, an SMTP server that
// keeps what it is given, and a database of its own.
type testDesk struct {
	t       testing.TB
	dir     string
	config  string
	dovecot *dovecottest.Server
	smtp    *smtptest.Server

	// What the settings file says; write puts it there.
	database, blobs string
	imap, password  string
}

const (
	testAddress = "service@desk.example"
	testServ    = "mx.desk.example"
	testUser    = "desk"
)

// newTestDesk sets a desk up over a database URL; "" is SQLite in the desk's own folder.
func newTestDesk(t testing.TB, database string) *testDesk {
	t.Helper()
	d := newSettings(t)
	d.dovecot, d.smtp = dovecottest.Start(t, dovecottest.Options{}), smtptest.Start(t, smtptest.Options{})
	d.imap = d.dovecot.Addr()
	if database != "" {
		d.database = database
	}
	d.write("")
	d.must("migrate")
	return d
}

// newSettings is a settings file alone: no server is there, no schema and no key.
func newSettings(t testing.TB) *testDesk {
	t.Helper()
	dir := t.TempDir()
	d := &testDesk{
		t: t, dir: dir, config: filepath.Join(dir, "canceldesk.yaml"), database: "sqlite:" + filepath.Join(dir, "desk.db"),
		blobs: filepath.Join(dir, "blobs"), imap: "127.0.0.1:143", password: dovecottest.Password,
	}
	d.write("")
	return d
}

// write writes the settings file, with more of it at the end.
func (d *testDesk) write(more string) {
	d.t.Helper()
	host, port, err := net.SplitHostPort(d.imap)
	if err != nil {
		d.t.Fatal(err)
	}
	smtpHost, smtpPort := "127.0.0.1", 25
	if d.smtp != nil {
		smtpHost, smtpPort = d.smtp.Host(), d.smtp.Port()
	}
	yaml := fmt.Sprintf(`
http: { address: "127.0.0.1:0", public_url: http://desk.example }
database: { url: %q }
blobs: { url: %q }
keys: { dir: keys }
mailboxes:
  - name: service
    address: %s
    authserv_id: %s
    imap: { host: %q, port: %s, tls: none, username: %s, password: %q }
    smtp: { host: %q, port: %d, tls: none }
`, d.database, "file://"+filepath.ToSlash(d.blobs), testAddress, testServ, host, port, testUser, d.password, smtpHost, smtpPort)
	if err := os.WriteFile(d.config, []byte(yaml+more), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

// result is how a command ended.
type result struct {
	code     int
	out, err string
}

// command runs one command in this process.
func (d *testDesk) command(args ...string) result { return d.commandWith("", args...) }

func (d *testDesk) commandWith(stdin string, args ...string) result {
	var out, errs bytes.Buffer
	code := run(context.Background(), environment{
		args: append(args, "--config", d.config), in: strings.NewReader(stdin), out: &out, err: &errs, now: wallClock,
	})
	return result{code, out.String(), errs.String()}
}

// must runs a command that has to succeed and returns what it printed.
func (d *testDesk) must(args ...string) string {
	d.t.Helper()
	r := d.command(args...)
	if r.code != 0 {
		d.t.Fatalf("canceldesk %s ended with %d:\n%s", strings.Join(args, " "), r.code, r.err)
	}
	return r.out
}

// mailOptions is one mail of a customer.
type mailOptions struct {
	from, subject, text string
	// forged mails fail the check of their sender's domain.
	forged bool
	// inReplyTo is a Message-ID without brackets.
	inReplyTo string
	id        string
}

// customerMail is a mail as the receiving server leaves it in the mailbox.
func customerMail(o mailOptions, at time.Time) []byte {
	_, domain, _ := strings.Cut(o.from, "@")
	verdict := "pass"
	if o.forged {
		verdict = "fail"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Authentication-Results: %s; dmarc=%s header.from=%s\r\n", testServ, verdict, domain)
	fmt.Fprintf(&b, "Received: from mail.%s by %s; %s\r\n", domain, testServ, at.Format(time.RFC1123Z))
	fmt.Fprintf(&b, "From: %s\r\nTo: %s\r\nDate: %s\r\nSubject: %s\r\n", o.from, testAddress, at.Format(time.RFC1123Z), o.subject)
	if o.id != "" {
		fmt.Fprintf(&b, "Message-ID: <%s>\r\n", o.id)
	}
	if o.inReplyTo != "" {
		fmt.Fprintf(&b, "In-Reply-To: <%s>\r\n", o.inReplyTo)
	}
	b.WriteString("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n")
	b.WriteString(strings.ReplaceAll(o.text, "\n", "\r\n") + "\r\n")
	return []byte(b.String())
}
