package reply_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/agents/reply"
	"github.com/canceldesk/canceldesk/tickets"
)

// through lets a desk's mails go to a mail server that answers as told.
func (l *letters) through(answer func() error) {
	l.sender = reply.NewSender(l.DB, reply.Ways{
		Mail: mailer(func(context.Context) error { return answer() }), Account: "service", Codes: codes(), Pages: pages(),
	}, func() time.Time { return l.now })
}

// lasting works every ten minutes until the mail has its last word, and tells how long that took; at most
// so long.
func (l *letters) lasting(t *testing.T, o tickets.Outgoing, most time.Duration) (tickets.Outgoing, time.Duration) {
	t.Helper()
	began := l.now
	for l.now.Sub(began) < most {
		l.work(t, 10*time.Minute)
		var err error
		if o, err = l.OutgoingByID(t.Context(), o.ID); err != nil {
			t.Fatal(err)
		}
		if o.State != tickets.OutgoingQueued {
			break
		}
	}
	return o, l.now.Sub(began).Round(time.Hour)
}

func away() error { return &tickets.Error{Kind: tickets.Unavailable, Msg: "connect to mail server"} }

func TestAMailThatIsRefusedForNowIsGivenUpAfterADay(t *testing.T) {
	t.Parallel()
	l := setupLetters(t, tickets.SendLimits{})
	l.through(func() error {
		return errors.Join(tickets.Unavailable, &reply.RefusalError{Code: 451, Words: "greylisted"})
	})
	o, took := l.lasting(t, l.put(t, "a", tickets.TellCancelOutcome), 30*24*time.Hour)
	same(t, "state", tickets.OutgoingFailed, o.State)
	same(t, "given up after", 24*time.Hour, took)
	same(t, "rings", "mail_refused cancel_outcome", l.ringing(t))
}

func TestAServerThatIsAwayForAWeekendLosesNoMail(t *testing.T) {
	t.Parallel()
	l := setupLetters(t, tickets.SendLimits{})
	l.through(away)
	o := l.put(t, "a", tickets.TellAnswer)
	l.work(t, 0)
	same(t, "rings at once", "", l.ringing(t))
	o, _ = l.lasting(t, o, 70*time.Hour)
	same(t, "state after a weekend", tickets.OutgoingQueued, o.State)
	same(t, "rings", "mail_away", l.ringing(t))
	l.through(func() error { return nil })
	l.work(t, 20*time.Minute)
	o, err := l.OutgoingByID(t.Context(), o.ID)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "state once it is back", tickets.OutgoingSent, o.State)
	same(t, "rings then", "", l.ringing(t))
}

func TestAServerThatNeverComesBackIsAPersonsMatter(t *testing.T) {
	t.Parallel()
	l := setupLetters(t, tickets.SendLimits{})
	l.through(away)
	o, took := l.lasting(t, l.put(t, "a", tickets.TellAnswer), 30*24*time.Hour)
	same(t, "state", tickets.OutgoingFailed, o.State)
	same(t, "given up after", 5*24*time.Hour, took)
	got, err := l.Ticket(t.Context(), l.ticket.ID)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the case", "open mail_refused", string(got.Status)+" "+got.Reason)
}

func TestARefusedLoginRingsAtOnce(t *testing.T) {
	t.Parallel()
	l := setupLetters(t, tickets.SendLimits{})
	l.through(func() error { return errors.Join(tickets.Unavailable, &reply.RefusalError{Code: 535, Words: "no"}) })
	l.put(t, "a", tickets.TellAnswer)
	l.work(t, 0)
	same(t, "rings", "mail_away 535", l.ringing(t))
}

func TestARefusedAnswerBringsItsCaseToAPerson(t *testing.T) {
	t.Parallel()
	for tell, want := range map[tickets.Tell]string{
		tickets.TellAnswer: "open mail_refused, rings mail_refused answer", tickets.TellQuestion: "open mail_refused, rings mail_refused question",
		tickets.TellReceipt: "pending x, rings ", tickets.TellNeutral: "pending x, rings ",
	} {
		t.Run(string(tell), func(t *testing.T) {
			t.Parallel()
			l := setupLetters(t, tickets.SendLimits{})
			l.tx(t, func(tx tickets.Tx) error {
				got, err := tx.Ticket(t.Context(), l.ticket.ID)
				if err != nil {
					return err
				}
				if err := got.SetStatus(tickets.Pending, "x", l.now); err != nil {
					return err
				}
				return tx.SaveTicket(t.Context(), &got)
			})
			l.server.Refuse("a@example.com", 550, -1)
			l.put(t, "a", tell)
			l.work(t, 0)
			got, err := l.Ticket(t.Context(), l.ticket.ID)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "the case", want, string(got.Status)+" "+got.Reason+", rings "+l.ringing(t))
		})
	}
}
