package tickets_test

import (
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

func TestAnswerTo(t *testing.T) {
	t.Parallel()
	const owner, stranger = "li@example.com", "eve@else.example"
	said := func(who string, level int) tickets.Message {
		return tickets.Message{Direction: tickets.Inbound, Kind: "message", Sender: who, Assurance: level}
	}
	strange := tickets.Ticket{Channel: tickets.Email, Requester: stranger}
	denied := strange
	denied.Objection = tickets.ReasonDenied
	rang := tickets.Ticket{Channel: tickets.Phone, Requester: "13800000000"}
	yesterday := noon.Add(-24 * time.Hour)
	for name, c := range map[string]struct {
		ticket   tickets.Ticket
		messages []tickets.Message
		fresh    *time.Time
		to       tickets.Party
		want     string
	}{
		"who wrote":                           {strange, []tickets.Message{said(stranger, 0)}, nil, "", stranger},
		"the owner, who spoke since":          {strange, []tickets.Message{said(stranger, 0), said(owner, 1)}, nil, "", owner},
		"the owner, who spoke by his phone":   {strange, []tickets.Message{said(stranger, 0), said("13800138000", 1)}, nil, "", owner},
		"not by a mail that nothing proves":   {strange, []tickets.Message{said(stranger, 1), said(owner, 0)}, nil, "", stranger},
		"who wrote, and spoke last":           {strange, []tickets.Message{said(owner, 1), said(stranger, 1)}, nil, "", stranger},
		"the owner, who denied it":            {denied, []tickets.Message{said(owner, 1), said(stranger, 1)}, nil, "", owner},
		"who wrote, where he is asked for":    {denied, nil, nil, tickets.ToRequester, stranger},
		"the owner, where he is asked for":    {strange, nil, nil, tickets.ToOwner, owner},
		"never to an address of yesterday's":  {denied, []tickets.Message{said(owner, 1)}, &yesterday, "", stranger},
		"not where it is asked for either":    {strange, nil, &yesterday, tickets.ToOwner, ""},
		"a caller, at his account's":          {rang, nil, nil, "", owner},
		"nobody wrote whom it could be asked": {rang, nil, nil, tickets.ToRequester, ""},
	} {
		a := &account.Account{Email: owner, Phone: "13800138000", ContactChangedAt: c.fresh}
		if got := tickets.AnswerTo(c.ticket, c.messages, a, c.to, noon); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if got := tickets.AnswerTo(strange, nil, nil, "", noon); got != stranger {
		t.Errorf("without an account: %q", got)
	}
}
