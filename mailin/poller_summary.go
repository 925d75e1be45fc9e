package mailin

import "github.com/canceldesk/canceldesk/tickets"

// Summary is what one poll of a mailbox did; as JSON it is a line of `poll --once`. Fetched is the sum
// of the outcomes.
type Summary struct {
	Mailbox     string  `json:"mailbox"`
	Fetched     int     `json:"fetched"`
	Ticket      int     `json:"ticket"`
	Appended    int     `json:"appended"`
	Duplicate   int     `json:"duplicate"`
	AutoReply   int     `json:"auto_reply"`
	Bounce      int     `json:"bounce"`
	List        int     `json:"list"`
	Own         int     `json:"own"`
	Oversize    int     `json:"oversize"`
	Quarantined int     `json:"quarantined"`
	Seconds     float64 `json:"seconds"`
}

// add counts one mail.
func (s *Summary) add(o tickets.Outcome) {
	n := map[tickets.Outcome]*int{
		tickets.OutcomeTicket: &s.Ticket, tickets.OutcomeAppended: &s.Appended, tickets.OutcomeDuplicate: &s.Duplicate,
		tickets.OutcomeAutoReply: &s.AutoReply, tickets.OutcomeBounce: &s.Bounce, tickets.OutcomeList: &s.List,
		tickets.OutcomeOwn: &s.Own, tickets.OutcomeOversize: &s.Oversize, tickets.OutcomeQuarantined: &s.Quarantined,
	}[o]
	if n == nil {
		return
	}
	*n++
	s.Fetched++
}

// ByOutcome is how many mails came to each outcome.
func (s Summary) ByOutcome() map[tickets.Outcome]int {
	return map[tickets.Outcome]int{
		tickets.OutcomeTicket: s.Ticket, tickets.OutcomeAppended: s.Appended, tickets.OutcomeDuplicate: s.Duplicate,
		tickets.OutcomeAutoReply: s.AutoReply, tickets.OutcomeBounce: s.Bounce, tickets.OutcomeList: s.List,
		tickets.OutcomeOwn: s.Own, tickets.OutcomeOversize: s.Oversize, tickets.OutcomeQuarantined: s.Quarantined,
	}
}
