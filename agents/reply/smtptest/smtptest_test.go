package smtptest_test

import (
	"crypto/tls"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/agents/reply/smtptest"
)

const mail = "Subject: =?utf-8?B?5bey5YWz6Zet?=\r\n\r\nline\r\n.dot\r\n"

func dial(t *testing.T, s *smtptest.Server) *smtp.Client {
	t.Helper()
	c, err := smtp.Dial(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func code(err error) int {
	var refused *smtp.SMTPError
	if errors.As(err, &refused) {
		return refused.Code
	}
	return 0
}

func TestMailIsKeptAsItWasSent(t *testing.T) {
	t.Parallel()
	s := smtptest.Start(t, smtptest.Options{})
	if err := dial(t, s).SendMail("desk@example.com", []string{"a@example.net", "b@example.net"}, strings.NewReader(mail)); err != nil {
		t.Fatal(err)
	}
	want := []smtptest.Message{{From: "desk@example.com", To: []string{"a@example.net", "b@example.net"}, Raw: []byte(mail)}}
	if diff := cmp.Diff(want, s.Wait(1)); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

func TestRefusalsComeInTheirOrderAndEnd(t *testing.T) {
	t.Parallel()
	s := smtptest.Start(t, smtptest.Options{})
	s.Refuse("late@example.net", 450, 2)
	s.Refuse("late@example.net", 451, 1)
	s.Refuse("never@example.net", 550, -1)
	c := dial(t, s)
	if err := c.Mail("desk@example.com", nil); err != nil {
		t.Fatal(err)
	}
	var got []int
	for _, to := range []string{"late@example.net", "never@example.net", "late@example.net", "late@example.net", "late@example.net", "never@example.net"} {
		got = append(got, code(c.Rcpt(to, nil)))
	}
	if diff := cmp.Diff([]int{450, 550, 450, 451, 0, 550}, got); diff != "" {
		t.Errorf("codes (-want +got):\n%s", diff)
	}
}

func TestMailRefusedAtItsEndIsNotKept(t *testing.T) {
	t.Parallel()
	s := smtptest.Start(t, smtptest.Options{})
	s.RefuseData(452, 1)
	err := dial(t, s).SendMail("desk@example.com", []string{"a@example.net"}, strings.NewReader(mail))
	if got := code(err); got != 452 {
		t.Errorf("answered %v, want 452", err)
	}
	if err := dial(t, s).SendMail("", []string{"a@example.net"}, strings.NewReader(mail)); err != nil {
		t.Fatal(err)
	}
	want := []smtptest.Message{{To: []string{"a@example.net"}, Raw: []byte(mail)}}
	if diff := cmp.Diff(want, s.Messages()); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

func TestCutMailIsKeptThoughItsSenderHearsNothing(t *testing.T) {
	t.Parallel()
	s := smtptest.Start(t, smtptest.Options{})
	s.Cut(1)
	err := dial(t, s).SendMail("desk@example.com", []string{"a@example.net"}, strings.NewReader(mail))
	if err == nil || code(err) != 0 {
		t.Errorf("the sender hears %v, want a broken connection and no code", err)
	}
	if got := len(s.Messages()); got != 1 {
		t.Errorf("%d mails kept, want 1", got)
	}
	if err := dial(t, s).SendMail("desk@example.com", []string{"a@example.net"}, strings.NewReader(mail)); err != nil {
		t.Errorf("the next mail is cut too: %v", err)
	}
}

func TestLoginIsDemandedInsideTLS(t *testing.T) {
	t.Parallel()
	s := smtptest.Start(t, smtptest.Options{STARTTLS: true, Username: "desk", Password: "secret"})
	if err := dial(t, s).Auth(sasl.NewPlainClient("", "desk", "secret")); err == nil {
		t.Error("a password is taken outside TLS")
	}
	secure := func() *smtp.Client {
		c, err := smtp.DialStartTLS(s.Addr(), &tls.Config{RootCAs: s.Pool(), ServerName: s.Host()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	if err := secure().Mail("desk@example.com", nil); code(err) != 502 {
		t.Errorf("mail without login: %v, want 502", err)
	}
	if err := secure().Auth(sasl.NewPlainClient("", "desk", "wrong")); code(err) != 535 {
		t.Errorf("wrong password: %v, want 535", err)
	}
	c := secure()
	if err := c.Auth(sasl.NewPlainClient("", "desk", "secret")); err != nil {
		t.Fatal(err)
	}
	if err := c.SendMail("desk@example.com", []string{"a@example.net"}, strings.NewReader(mail)); err != nil {
		t.Fatal(err)
	}
	want := []smtptest.Message{{From: "desk@example.com", To: []string{"a@example.net"}, Raw: []byte(mail), TLS: true, User: "desk"}}
	if diff := cmp.Diff(want, s.Wait(1)); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

func TestSomethingHappensBetweenTheYesAndTheEnd(t *testing.T) {
	t.Parallel()
	s := smtptest.Start(t, smtptest.Options{})
	called := make(chan int, 2)
	s.AfterYes(func() { called <- len(s.Messages()) })
	for range 2 {
		if err := dial(t, s).SendMail("desk@example.com", []string{"a@example.net"}, strings.NewReader(mail)); err != nil {
			t.Fatal(err)
		}
	}
	if got := []int{<-called, len(called)}; !cmp.Equal(got, []int{1, 0}) {
		t.Errorf("called with %d mails taken, and %d times more; want 1 and 0", got[0], got[1])
	}
}

func TestAHangingServerHasTheMailAndSaysNothing(t *testing.T) {
	t.Parallel()
	s := smtptest.Start(t, smtptest.Options{})
	s.Hang(1)
	c := dial(t, s)
	c.SubmissionTimeout = 100 * time.Millisecond
	if err := c.SendMail("desk@example.com", []string{"a@example.net"}, strings.NewReader(mail)); err == nil || code(err) != 0 {
		t.Errorf("the server said %v, want silence", err)
	}
	if n := len(s.Wait(1)); n != 1 {
		t.Errorf("%d mails were taken, want 1", n)
	}
	s.Hang(1)
	s.RefuseData(451, 1)
	s.Heal()
	if err := dial(t, s).SendMail("desk@example.com", []string{"a@example.net"}, strings.NewReader(mail)); err != nil {
		t.Errorf("after it was healed: %v", err)
	}
}
