package tickets

import "time"

// JobKind names what a worker does with a job.
type JobKind string

// The kinds of jobs.
const (
	JobRun     JobKind = "ticket.run"    // carry the ticket's steps on
	JobTell    JobKind = "reply.tell"    // write the mail that Ref names (a Tell), once
	JobSend    JobKind = "reply.send"    // send the outgoing mail that Ref names (its id)
	JobRelease JobKind = "reply.release" // let mails go that a limit held back, the most important first
	JobClose   JobKind = "ticket.close"  // close a solved ticket whose time has come

	JobForward JobKind = "mail.forward" // send the ticket's Forward on

	JobWatch       JobKind = "ticket.watch" // look whether a debit that was in flight at the stop has arrived
	JobUnread      JobKind = "reply.unread" // send what stayed unread in a chat (the outgoing row that Ref names) another way
	JobChatIgnored JobKind = "chat.ignored" // bring the conversation that Ref names back where it still waits for a person
)

// Job is work that a transaction causes. It is stored in that transaction and completed in the one
// that records its effect.
type Job struct {
	Kind     JobKind
	TicketID int64 // jobs of one ticket run one at a time, in the order they fall due
	Ref      string
	DueAt    time.Time
	// Key keeps a second job of the same key from being stored while the first still waits; "" never.
	Key string
}
