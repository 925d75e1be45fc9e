package web_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
)

// outgoing puts a mail into the outbox, in whatever state.
func (h *house) outgoing(t *testing.T, ticketID int64, key string, change func(*tickets.Outgoing)) {
	t.Helper()
	o := tickets.Outgoing{
		TicketID: ticketID, Key: key, Channel: tickets.ByMail, Tell: tickets.TellAnswer, Recipient: key + "@example.com", MailID: key + "@x",
		Raw: []byte("x"), State: tickets.OutgoingQueued, At: h.clock.now(),
	}
	change(&o)
	err := h.db.InTx(t.Context(), func(tx tickets.Tx) error { return tx.InsertOutgoing(t.Context(), &o) })
	if err != nil {
		t.Fatal(err)
	}
}

func TestOutboxShowsWhatWaitsAndWhatWasRefused(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	amy := h.as(t, "agent")
	wants(t, h.get(t, amy, "/outbox").body, "没有等待发送或被拒收的邮件")
	id, at := h.mail(t, nil), h.clock.now()
	h.outgoing(t, id, "held", func(o *tickets.Outgoing) { o.HeldAt = &at })
	h.outgoing(t, id, "refused", func(o *tickets.Outgoing) {
		o.State, o.Attempts, o.Detail, o.Tell = tickets.OutgoingFailed, 1, "550 no such user", tickets.TellCancelOutcome
	})
	h.outgoing(t, id, "gone", func(o *tickets.Outgoing) { o.State, o.SentAt = tickets.OutgoingSent, &at })
	h.outgoing(t, id, "chat", func(o *tickets.Outgoing) { o.Channel = tickets.ByChat })
	page := h.get(t, amy, "/outbox").body
	wants(t, page, "有 1 封邮件因服务商限额等待发送", "held@example.com", "起等待发送", "refused@example.com", "550 no such user", "停止扣费结果", tickets.Number(id))
	for _, not := range []string{"gone@example.com", "chat@example.com"} {
		if strings.Contains(page, not) {
			t.Errorf("the outbox shows %s", not)
		}
	}
	h.post(t, amy, "/tickets/"+tickets.Number(id)+"/outgoing/2/again", nil)
	again, err := h.db.OutgoingByID(t.Context(), 2)
	if err != nil || again.State != tickets.OutgoingQueued || strings.Contains(h.get(t, amy, "/outbox").body, "/again") {
		t.Errorf("sent again it is %s, %v", again.State, err)
	}
	h.post(t, amy, "/tickets/"+tickets.Number(id)+"/outgoing/2/again", nil)
	wants(t, h.get(t, amy, "/tickets/"+tickets.Number(id)).body, "这封邮件并未被放弃发送", "达到邮件服务商的发送限额，自 2026-03-05 10:30 起等待发送")

	for i := range 60 {
		h.outgoing(t, id, fmt.Sprintf("more%02d", i), func(*tickets.Outgoing) {})
	}
	first := h.get(t, amy, "/outbox").body
	wants(t, first, "more59@example.com", `rel="next"`)
	_, rest, _ := strings.Cut(first, `href="/outbox?after=`)
	after, _, _ := strings.Cut(rest, `"`)
	second := h.get(t, amy, "/outbox?after="+after).body
	wants(t, second, "more00@example.com", "held@example.com")
	if strings.Contains(second, "more59@example.com") {
		t.Error("the second page repeats the first")
	}
}

func TestAlarmsTellWhichMailWasRefused(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	id := h.mail(t, nil)
	err := h.db.InTx(t.Context(), func(tx tickets.Tx) error {
		for _, a := range []tickets.Alarm{
			{Key: "a", Kind: tickets.AlarmMailRefused, TicketID: id, Detail: string(tickets.TellAnswer)},
			{Key: "b", Kind: tickets.AlarmMailAway, Detail: "535"},
			{Key: "c", Kind: tickets.AlarmMailHeld},
		} {
			a.At = h.clock.now().Add(-time.Minute)
			if err := tx.RaiseAlarm(t.Context(), a); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	wants(t, h.get(t, h.as(t, "agent"), "/alarms").body, "发给客户的邮件被永久拒收", "邮件发不出去", "535", "部分邮件在等待发送", "人工答复")
}
