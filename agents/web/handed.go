package web

import (
	"context"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/tickets"
)

// handed is a case as whoever handed it over may see it who may not read cases: which one it is, when it
// came in and by when it is answered. All else would tell whose account it is, or whether there is one,
// so it is the same for every case.
func (s *Server) handed(t tickets.Ticket, channel tickets.Channel, requester string, at time.Time) ListedTicket {
	set := s.desk.Settings()
	return ListedTicket{
		Number: t.Number(), Status: string(tickets.Open), Channel: string(channel), Requester: requester, Priority: "normal",
		Intents: []string{}, Flags: []string{}, Candidates: []string{}, SubscriptionIDs: []string{}, Links: []apiLink{},
		ReceivedAt: s.stamp(at), FirstResponseDueAt: s.stamp(set.Calendar.Add(at, set.FirstResponse)),
		ResolutionDueAt: s.stamp(set.Calendar.EndOfDays(at, set.ResolutionDays)),
	}
}

// reads reports whether the caller may read cases.
func reads(c echo.Context) bool {
	by := who(c)
	return by.key.ID == 0 || by.key.May("tickets:read")
}

// answered is the ticket as the caller of an operation that changes it may see it: the whole to whoever
// may read cases, to a key that may only write them no more than how far the ticket is.
func (s *Server) answered(ctx context.Context, c echo.Context, t tickets.Ticket) (*ticketOutput, error) {
	if reads(c) {
		return s.whole(ctx, t)
	}
	out := &ticketOutput{ETag: etag(t), Body: apiTicket{
		ListedTicket: s.handed(t, t.Channel, "", t.ReceivedAt), Messages: []apiMessage{}, Runs: []apiRun{},
	}}
	out.Body.Status, out.Body.Reason, out.Body.Version = string(t.Status), t.Reason, t.Version
	if t.Assignee != "" {
		out.Body.Assignee = &t.Assignee
	}
	return out, nil
}
