package reply_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

func TestTellPutsOneMailIntoTheOutbox(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.ticket.ID
	b.mustTell(t, id, "cancel_outcome")
	first := b.outbox(t, id)
	b.now = b.now.Add(time.Hour)
	b.mustTell(t, id, "cancel_outcome") // the worker was killed before it heard that the job is done
	out := b.outbox(t, id)
	same(t, "outbox after a second go", first, out)

	o := out[0]
	raw := o.Raw
	same(t, "outbox row", tickets.Outgoing{
		ID: o.ID, TicketID: id, MessageID: o.MessageID, Key: "CD-000001/cancel_outcome", Channel: tickets.ByMail, Tell: tickets.TellCancelOutcome,
		Recipient: "li@example.com", MailID: b.ids.ID(id, "CD-000001/cancel_outcome"), Raw: raw, Auto: true,
		State: tickets.OutgoingQueued, At: at(22, 10, 5).UTC(), Importance: 1,
	}, o)
	mail := read(t, raw)
	if !strings.Contains(mail.text, "下次扣费已取消") || !strings.Contains(mail.text, "https://desk.example.com/c/{{page}}") {
		t.Errorf("the mail lacks the result or the customer's page:\n%s", mail.text)
	}
	same(t, "In-Reply-To", "<"+b.mail.MessageID+">", mail.header.Get("In-Reply-To"))

	messages, err := b.Messages(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	said := messages[len(messages)-1]
	same(t, "messages", 2, len(messages))
	same(t, "reply", []string{string(tickets.Reply), "desk", "li@example.com", mail.subject, mail.text, o.MailID},
		[]string{string(said.Direction), said.Sender, said.Recipient, said.Subject, said.Text, said.MessageID})
	same(t, "reply of the mail", said.ID, o.MessageID)

	same(t, "events", []string{tickets.EventNotifyAboutTo}, b.events(t, id))
	same(t, "what the event commits to", map[string]string{"mail": string(raw), "recipient": "li@example.com"}, b.private(t, tickets.EventNotifyAboutTo))
	same(t, "jobs", []job{{Kind: string(tickets.JobSend), Ref: "1", Key: "send/1"}}, b.jobs(t))
}

func TestTellStoresNothingWhereTheJobCannotBeCompleted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	lost := errors.New("lease lost")
	err := b.writer.Tell(t.Context(), tickets.Job{TicketID: b.ticket.ID, Ref: "receipt"}, func(tickets.Tx) error { return lost })
	if !errors.Is(err, lost) {
		t.Fatalf("got %v", err)
	}
	same(t, "mails", 0, len(b.outbox(t, b.ticket.ID)))
	same(t, "jobs", 0, len(b.jobs(t)))
	same(t, "events", 0, len(b.events(t, b.ticket.ID)))
}

func TestTellRefusesWhatIsNotTrueAndStoresNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.tx(t, func(tx tickets.Tx) error {
		return tx.SaveEffect(t.Context(), tickets.Effect{
			Key: "stop/" + b.ticket.Number(), TicketID: b.ticket.ID, Kind: tickets.StopDebits, Target: "s1", State: tickets.EffectUnknown, At: b.now,
		})
	})
	done, err := b.tell(t, b.ticket.ID, "cancel_outcome")
	wantKind(t, err, tickets.Conflict)
	same(t, "completed", false, done)
	same(t, "mails", 0, len(b.outbox(t, b.ticket.ID)))
	same(t, "jobs", 0, len(b.jobs(t)))
}

func TestTellRefsThatNameNoMail(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for ref, kind := range map[string]tickets.Kind{
		"": tickets.Invalid, "greeting": tickets.Invalid, "answer": tickets.Invalid, "answer:": tickets.Invalid,
		"answer:x": tickets.Invalid, "receipt:1": tickets.Invalid, "answer:999": tickets.NotFound,
	} {
		_, err := b.tell(t, b.ticket.ID, ref)
		if !errors.Is(err, kind) {
			t.Errorf("%q: got %v, want %s", ref, err, kind)
		}
	}
}

func TestAnAnswerGoesOutUnderTheMessageThatTheAgentWrote(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := tickets.Message{
		TicketID: b.ticket.ID, Direction: tickets.Reply, Channel: tickets.Email, At: b.now, Sender: "agent:amy",
		Recipient: "li@example.com", Text: "您好，已经查过了。",
	}
	b.tx(t, func(tx tickets.Tx) error { return tx.InsertMessage(t.Context(), &m) })
	id := strconv.FormatInt(m.ID, 10)
	b.mustTell(t, b.ticket.ID, "answer:"+id)
	o := b.outbox(t, b.ticket.ID)[0]
	same(t, "mail", []any{"CD-000001/answer/" + id, m.ID, false}, []any{o.Key, o.MessageID, o.Auto})
	if text := read(t, o.Raw).text; !strings.HasPrefix(text, "您好，已经查过了。\n") || !strings.Contains(text, "CD-000001") {
		t.Errorf("the mail says:\n%s", text)
	}
	messages, err := b.Messages(t.Context(), b.ticket.ID)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "messages", 2, len(messages))
}

func TestAStrangerIsNotToldTheOutcomeButTheRegisteredContactWhoSpokeIs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ticket, _ := b.open(t, "eve@example.net", 0)
	_, err := b.tell(t, ticket.ID, "cancel_outcome")
	wantKind(t, err, tickets.Conflict)

	b.tx(t, func(tx tickets.Tx) error {
		return tx.InsertMessage(t.Context(), &tickets.Message{
			TicketID: ticket.ID, Direction: tickets.Inbound, Channel: tickets.Email, At: b.now, Sender: "li@example.com",
			Subject: "是我", Text: "是", MessageID: "yes@mua.example", Kind: "message", Assurance: 1,
		})
	})
	b.mustTell(t, ticket.ID, "cancel_outcome")
	o := b.outbox(t, ticket.ID)[0]
	mail := read(t, o.Raw)
	same(t, "mail", []string{"li@example.com", "Re: 是我", "<yes@mua.example>"}, []string{o.Recipient, mail.subject, mail.header.Get("In-Reply-To")})
}

func TestACallersOutcomeGoesToTheAddressOnFile(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ticket, _ := b.open(t, "13800001234", 0)
	b.mustTell(t, ticket.ID, "cancel_outcome")
	o := b.outbox(t, ticket.ID)[0]
	mail := read(t, o.Raw)
	same(t, "mail", []string{"li@example.com", "退订成功（CD-000002）", ""}, []string{o.Recipient, mail.subject, mail.header.Get("In-Reply-To")})
}

func TestContactDataThatChangedLatelyGetsNoOutcome(t *testing.T) {
	t.Parallel()
	b := setup(t)
	err := b.Conn().WithContext(t.Context()).Model(&account.Account{}).Where("account_no = ?", "u1001").
		Update("contact_changed_at", b.now.Add(-time.Hour)).Error
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.tell(t, b.ticket.ID, "cancel_outcome")
	wantKind(t, err, tickets.Conflict)
}

func TestNeutralAnswersGoOutOnceADayAndWithoutAPage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, _ := b.open(t, "eve@example.net", 0)
	second, _ := b.open(t, "eve@example.net", 0)
	third, _ := b.open(t, "eve@example.net", 0)
	b.mustTell(t, first.ID, "neutral")
	if text := read(t, b.outbox(t, first.ID)[0].Raw).text; strings.Contains(text, "/c/") || strings.Contains(text, "CD-") {
		t.Errorf("the neutral answer holds more than it may:\n%s", text)
	}
	b.now = b.now.Add(23 * time.Hour)
	b.mustTell(t, second.ID, "neutral")
	same(t, "mails of the second case", 0, len(b.outbox(t, second.ID)))
	same(t, "its events", []string{tickets.EventNotifyResult}, b.events(t, second.ID))
	b.now = b.now.Add(2 * time.Hour)
	b.mustTell(t, third.ID, "neutral")
	same(t, "mails on the next day", 1, len(b.outbox(t, third.ID)))
}

func TestAnAddressGetsAtMostFiveAutomaticAnswersADay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 5 {
		ticket, _ := b.open(t, "li@example.com", 1)
		b.mustTell(t, ticket.ID, "receipt")
		same(t, "mails", 1, len(b.outbox(t, ticket.ID)))
	}
	before := b.jobs(t)
	sixth, _ := b.open(t, "li@example.com", 1)
	b.mustTell(t, sixth.ID, "receipt")
	same(t, "mails of the sixth", 0, len(b.outbox(t, sixth.ID)))
	same(t, "jobs of the sixth", before, b.jobs(t))

	// A question is what a case waits on, so an agent has to learn that it was not put.
	b.mustTell(t, sixth.ID, "question")
	o := b.outbox(t, sixth.ID)[0]
	same(t, "question", []string{string(tickets.OutgoingFailed), "too_many_automatic_answers"}, []string{string(o.State), o.Detail})
	same(t, "job", job{Kind: string(tickets.JobRun), Key: "run/" + sixth.Number()}, b.jobs(t)[len(before)])

	// What was done is told however often we wrote before.
	b.mustTell(t, sixth.ID, "cancel_outcome")
	same(t, "outcome", tickets.OutgoingQueued, b.outbox(t, sixth.ID)[1].State)
}

func TestThePageIsForWhoeverIsKnownToHaveWritten(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for assurance, want := range []bool{false, true} {
		ticket, _ := b.open(t, "eve@example.net", assurance)
		b.mustTell(t, ticket.ID, "receipt")
		same(t, "link to the page", want, strings.Contains(read(t, b.outbox(t, ticket.ID)[0].Raw).text, "/c/"))
	}
}
