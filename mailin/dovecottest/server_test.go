package dovecottest_test

import (
	"context"
	"crypto/tls"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/mailin/dovecottest"
)

const mail = "From: a@example.com\r\nTo: desk@example.com\r\nSubject: stop\r\n\r\nPlease stop.\r\n"

func login(t *testing.T, c *imapclient.Client) *imapclient.Client {
	t.Helper()
	t.Cleanup(func() { _ = c.Close() })
	if err := c.Login("desk", dovecottest.Password).Wait(); err != nil {
		t.Fatal(err)
	}
	return c
}

func dial(t *testing.T, s *dovecottest.Server, o *imapclient.Options) *imapclient.Client {
	t.Helper()
	c, err := imapclient.DialInsecure(s.Addr(), o)
	if err != nil {
		t.Fatal(err)
	}
	return login(t, c)
}

func selectFolder(t *testing.T, c *imapclient.Client, folder string) *imap.SelectData {
	t.Helper()
	data, err := c.Select(folder, nil).Wait()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestMailDeliveredIsFetchedWithItsDateAndUID(t *testing.T) {
	t.Parallel()
	s := dovecottest.Start(t, dovecottest.Options{})
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	s.DeliverAt("desk", "INBOX", []byte(mail), at)
	s.Deliver("desk", "INBOX", []byte("Subject: second\r\n\r\n"))

	for name, dialled := range map[string]func() (*imapclient.Client, error){
		"plain": func() (*imapclient.Client, error) { return imapclient.DialInsecure(s.Addr(), nil) },
		"implicit TLS": func() (*imapclient.Client, error) {
			return imapclient.DialTLS(s.TLSAddr(), &imapclient.Options{TLSConfig: &tls.Config{RootCAs: s.Pool()}})
		},
		"STARTTLS": func() (*imapclient.Client, error) {
			return imapclient.DialStartTLS(s.Addr(), &imapclient.Options{TLSConfig: &tls.Config{RootCAs: s.Pool()}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := dialled()
			if err != nil {
				t.Fatal(err)
			}
			login(t, c)
			if got := selectFolder(t, c, "INBOX").NumMessages; got != 2 {
				t.Fatalf("%d messages in INBOX, want 2", got)
			}
			got, err := c.Fetch(imap.UIDSetNum(1), &imap.FetchOptions{
				UID: true, InternalDate: true, BodySection: []*imap.FetchItemBodySection{{Peek: true}},
			}).Collect()
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != 1 {
				t.Fatalf("%d messages fetched, want 1", len(got))
			}
			if !got[0].InternalDate.Equal(at) {
				t.Errorf("internal date %s, want %s", got[0].InternalDate, at)
			}
			if diff := cmp.Diff(mail, string(got[0].BodySection[0].Bytes)); diff != "" {
				t.Errorf("mail changed on the way (-sent +fetched):\n%s", diff)
			}
		})
	}
}

func TestServerOffersIdleMoveAndUIDPlus(t *testing.T) {
	t.Parallel()
	s := dovecottest.Start(t, dovecottest.Options{})
	caps := dial(t, s, nil).Caps()
	for _, want := range []imap.Cap{imap.CapIdle, imap.CapMove, imap.CapUIDPlus} {
		if !caps.Has(want) {
			t.Errorf("%s is not offered", want)
		}
	}
}

func TestCapabilityCanBeTakenAway(t *testing.T) {
	t.Parallel()
	s := dovecottest.Start(t, dovecottest.Options{Capability: "IMAP4rev1 IDLE"})
	caps := dial(t, s, nil).Caps()
	if caps.Has(imap.CapMove) || !caps.Has(imap.CapIdle) {
		t.Errorf("capabilities are %v, want IDLE and no MOVE", caps)
	}
}

func TestIdleHearsOfADelivery(t *testing.T) {
	t.Parallel()
	s := dovecottest.Start(t, dovecottest.Options{})
	heard := make(chan uint32, 1)
	c := dial(t, s, &imapclient.Options{UnilateralDataHandler: &imapclient.UnilateralDataHandler{
		Mailbox: func(data *imapclient.UnilateralDataMailbox) {
			if data.NumMessages != nil && *data.NumMessages > 0 {
				heard <- *data.NumMessages
			}
		},
	}})
	selectFolder(t, c, "INBOX")
	idle, err := c.Idle()
	if err != nil {
		t.Fatal(err)
	}
	s.Deliver("desk", "INBOX", []byte(mail))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	select {
	case <-heard:
	case <-ctx.Done():
		t.Fatal("IDLE said nothing of a new mail")
	}
	if err := idle.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestMovedMailIsCountedWhereItWent(t *testing.T) {
	t.Parallel()
	s := dovecottest.Start(t, dovecottest.Options{})
	s.Deliver("desk", "INBOX", []byte(mail))
	s.Deliver("desk", "处理/完成", []byte(mail)) // made by the delivery
	c := dial(t, s, nil)
	selectFolder(t, c, "INBOX")
	moved, err := c.Move(imap.UIDSetNum(1), "处理/完成").Wait()
	if err != nil {
		t.Fatal(err)
	}
	if moved.DestUIDs == nil {
		t.Error("the move tells no new UID (UIDPLUS)")
	}
	got := map[string]int{"INBOX": s.Count("desk", "INBOX"), "处理/完成": s.Count("desk", "处理/完成"), "none": s.Count("desk", "none")}
	if diff := cmp.Diff(map[string]int{"INBOX": 0, "处理/完成": 2, "none": 0}, got); diff != "" {
		t.Errorf("mails per folder (-want +got):\n%s", diff)
	}
}

func TestWrongPasswordIsRefused(t *testing.T) {
	t.Parallel()
	s := dovecottest.Start(t, dovecottest.Options{Users: []string{"li"}, Password: "another"})
	c, err := imapclient.DialInsecure(s.Addr(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.Login("li", dovecottest.Password).Wait(); err == nil {
		t.Error("a wrong password logs in")
	}
	if err := c.Login("li", "another").Wait(); err != nil {
		t.Errorf("the right password is refused: %v", err)
	}
}
