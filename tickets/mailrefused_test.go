package tickets_test

import (
	"errors"
	"testing"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// refused puts a mail into the case that was given up.
func (b *bundle) refused(t tickets.Ticket, change func(*tickets.Outgoing)) tickets.Outgoing {
	b.t.Helper()
	o := tickets.Outgoing{
		TicketID: t.ID, Key: "k", Channel: tickets.ByMail, Tell: tickets.TellCancelOutcome, Recipient: "zhang@qq.example", MailID: "k@desk.example",
		Raw: []byte("mail"), State: tickets.OutgoingFailed, Attempts: 1, Detail: "552 mailbox full", At: b.now, TriedAt: &b.now,
	}
	change(&o)
	must(b.t, b.InTx(b.ctx, func(tx tickets.Tx) error {
		if err := tx.InsertOutgoing(b.ctx, &o); err != nil {
			return err
		}
		return tickets.MailRefused(b.ctx, tx, b.ticket(t.ID), o, b.now)
	}))
	return o
}

func TestARefusedMailIsSentAgainByAPerson(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.member()
	b.set(c.ID, tickets.Solved)
	o := b.refused(c, func(*tickets.Outgoing) {})
	b.is(c.ID, "open/mail_refused")
	if rings := b.rings(); len(rings) != 1 {
		t.Fatalf("rings: %v", rings)
	}
	_, err := b.desk.SendAgain(b.ctx, c.ID, o.ID, "agent:amy")
	must(t, err)
	got, err := b.OutgoingByID(b.ctx, o.ID)
	must(t, err)
	if got.State != tickets.OutgoingQueued || got.TriedAt != nil || string(got.Raw) != "mail" {
		t.Errorf("it is %+v", got)
	}
	if rings := b.rings(); len(rings) != 0 {
		t.Errorf("rings still: %v", rings)
	}
	b.is(c.ID, "open/resumed")
	var jobs int64
	must(t, b.Conn().WithContext(b.ctx).Table("jobs").Where("kind = ? AND state = 'ready'", tickets.JobSend).Count(&jobs).Error)
	if jobs != 1 {
		t.Errorf("%d jobs send it", jobs)
	}
	if _, err := b.desk.SendAgain(b.ctx, c.ID, o.ID, "agent:amy"); !errors.Is(err, tickets.Conflict) {
		t.Errorf("a second time: %v", err)
	}
}

func TestWhatIsNotSentAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		mail    func(*tickets.Outgoing)
		contact map[string]any // what the account's contact is by then
		kind    tickets.Kind   // "" for none: it is sent
	}{
		"a code":                       {mail: func(o *tickets.Outgoing) { o.Tell = tickets.TellCode }, kind: tickets.Conflict},
		"what was not given up":        {mail: func(o *tickets.Outgoing) { o.State = tickets.OutgoingQueued }, kind: tickets.Conflict},
		"an outcome to an old address": {contact: map[string]any{"email": "new@qq.example"}, kind: tickets.Conflict},
		"an answer to an old address": {
			mail: func(o *tickets.Outgoing) { o.Tell = tickets.TellAnswer }, contact: map[string]any{"email": "new@qq.example"},
		},
		"a text message to an old phone": {
			mail:    func(o *tickets.Outgoing) { o.Channel, o.Recipient = tickets.BySMS, "13800001234" },
			contact: map[string]any{"phone": "13900001234"}, kind: tickets.Conflict,
		},
		"a text message": {mail: func(o *tickets.Outgoing) { o.Channel, o.Recipient = tickets.BySMS, "13800001234" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			ticket := b.member()
			if c.mail == nil {
				c.mail = func(*tickets.Outgoing) {}
			}
			o := b.refused(ticket, c.mail)
			if c.contact != nil {
				must(t, b.Conn().WithContext(b.ctx).Model(&account.Account{}).Where("account_no = ?", "u1").Updates(c.contact).Error)
			}
			_, err := b.desk.SendAgain(b.ctx, ticket.ID, o.ID, "agent:amy")
			if c.kind == "" && err != nil || c.kind != "" && !errors.Is(err, c.kind) {
				t.Errorf("got %v, want %q", err, c.kind)
			}
		})
	}
	b := setup(t)
	mine, other := b.member(), b.receive(b.mail("x@else.example", 1, understood("stop_auto_renew")))[0].TicketID
	o := b.refused(mine, func(*tickets.Outgoing) {})
	if _, err := b.desk.SendAgain(b.ctx, other, o.ID, "agent:amy"); !errors.Is(err, tickets.NotFound) {
		t.Errorf("another case's mail: %v", err)
	}
}

func TestARefusedMailLeavesAClosedCaseClosedAndRings(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.member()
	b.set(c.ID, tickets.Closed)
	b.refused(c, func(*tickets.Outgoing) {})
	b.is(c.ID, "closed/test")
	if rings := b.rings(); len(rings) != 1 {
		t.Errorf("rings: %v", rings)
	}
}
