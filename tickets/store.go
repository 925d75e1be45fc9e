package tickets

import (
	"context"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// Store is what Desk and the workers need from the database. Package store implements it on SQLite
// and PostgreSQL; one conformance suite holds both to it.
type Store interface {
	// InTx runs f in one transaction that commits when f returns nil. f must use only the tx it is
	// given, and may be run again from the start where the database asks for it.
	InTx(ctx context.Context, f func(tx Tx) error) error
	Reader
}

// Reader is what can be asked without a transaction. Absence is NotFound, never a nil result.
type Reader interface {
	Ticket(ctx context.Context, id int64) (Ticket, error)
	// Tickets lists by Filter; the second result is the cursor of the next page, "" at the end.
	Tickets(ctx context.Context, f Filter) ([]Ticket, string, error)
	// Counts gives the number of tickets in each view of the queue, as far as CountLimit.
	Counts(ctx context.Context, login string) (map[View]int, error)
	Messages(ctx context.Context, ticketID int64) ([]Message, error)
	Message(ctx context.Context, id int64) (Message, error)
	// Links lists the links of any of the tickets in either direction, oldest first.
	Links(ctx context.Context, ticketIDs ...int64) ([]Link, error)
	// LatestRun is the ticket's newest run with its steps; NotFound where none was begun.
	LatestRun(ctx context.Context, ticketID int64) (Run, Steps, error)
	Effects(ctx context.Context, ticketID int64) ([]Effect, error)
	Verifications(ctx context.Context, ticketID int64) ([]Verification, error)
	// Code is the code with that id; Codes lists those that were sent in the case, oldest first.
	Code(ctx context.Context, id int64) (Code, error)
	Codes(ctx context.Context, ticketID int64) ([]Code, error)
	Quotes(ctx context.Context, ticketID int64) ([]SavedQuote, error)
	Acceptances(ctx context.Context, ticketID int64) ([]Acceptance, error)
	Refunds(ctx context.Context, ticketID int64) ([]account.Refund, error)
	// LinkedRefunds lists the refunds of the tickets that the ticket is linked to other than by a mere
	// suggestion.
	LinkedRefunds(ctx context.Context, ticketID int64) ([]account.Refund, error)
	// RefundList lists refunds of every ticket by RefundFilter; the second result is the cursor of the
	// next page, "" at the end.
	RefundList(ctx context.Context, f RefundFilter) ([]account.Refund, string, error)
	// Outgoing lists what was or will be sent in the case, oldest first.
	Outgoing(ctx context.Context, ticketID int64) ([]Outgoing, error)
	// Forward is the mail of a ticket that goes on to somebody else; NotFound where none does.
	Forward(ctx context.Context, ticketID int64) (Forward, error)
	OutgoingByID(ctx context.Context, id int64) (Outgoing, error)
	// Waiting lists mails and text messages that wait or were refused for good, newest first, below an id (0
	// for the newest). CountHeld counts the mails that a limit holds back.
	Waiting(ctx context.Context, before int64, limit int) ([]Outgoing, error)
	CountHeld(ctx context.Context) (int, error)
	// SendingPaused reports whether the provider of an SMTP account was told to take nothing until after an instant,
	// or mails are held back.
	SendingPaused(ctx context.Context, account string, at time.Time) (bool, error)
	Snapshot(ctx context.Context, accountNo string) (account.Snapshot, error)
	// Holds lists the holds that any of the tickets asked for, oldest first.
	Holds(ctx context.Context, ticketIDs ...int64) ([]Hold, error)
	// HoldsOn lists the holds of any ticket on these subscriptions, oldest first.
	HoldsOn(ctx context.Context, subscriptionIDs []string) ([]Hold, error)
	// Calls lists the telephone calls of a ticket, in the order they began; Call is the one with that id.
	Calls(ctx context.Context, ticketID int64) ([]Call, error)
	Call(ctx context.Context, id string) (Call, error)
	// Alarms lists what rings, oldest first.
	Alarms(ctx context.Context) ([]Alarm, error)
	// AlarmsOfKind lists what rings of these kinds, oldest first, at most limit.
	AlarmsOfKind(ctx context.Context, limit int, kinds ...AlarmKind) ([]Alarm, error)
	// Reconciliations lists the last comparison of every folder with the ledger. IntakeUIDs lists the UIDs of the
	// ledger's rows of a folder, ascending, up to the place's own.
	Reconciliations(ctx context.Context) ([]Reconciliation, error)
	IntakeUIDs(ctx context.Context, through Place) ([]uint32, error)
	// CountQuarantined counts the mails of a mailbox, or of all ("") that were set aside.
	CountQuarantined(ctx context.Context, mailbox string) (int, error)
	// CountAlarms counts what rings; Alarm is one by its id, and AlarmsOf lists those of a ticket, the
	// cleared ones too, oldest first.
	CountAlarms(ctx context.Context) (int, error)
	Alarm(ctx context.Context, id int64) (Alarm, error)
	AlarmsOf(ctx context.Context, ticketID int64) ([]Alarm, error)
	// Watched lists the tickets to be looked at by that instant (Ticket.AlertAt), the first one first.
	Watched(ctx context.Context, at time.Time, limit int) ([]int64, error)
	// DebitsInFlight lists the debits that a stop of the ticket came too late for, the earliest first.
	DebitsInFlight(ctx context.Context, ticketID int64) ([]account.DebitInFlight, error)
	// DebitInFlight is the charge as the biller named it before it arrived: no broken promise. NotFound
	// where it named none of that id.
	DebitInFlight(ctx context.Context, chargeID string) (account.DebitInFlight, error)
	// StopOrders lists what a biller that pulls has to apply, after an id, oldest first.
	StopOrders(ctx context.Context, after int64, limit int) ([]account.StopOrder, error)
	// DebitFacts is what speaks for and against debiting a subscription; NotFound where there is none.
	DebitFacts(ctx context.Context, subscriptionID string) (DebitFacts, error)
	// Conversation is the conversation that the app knows by that id; Conversations lists those of a
	// ticket, oldest first.
	Conversation(ctx context.Context, id string) (Conversation, error)
	Conversations(ctx context.Context, ticketID int64) ([]Conversation, error)
	// ChatMessages lists what was said in a conversation to its customer's ears, oldest first.
	ChatMessages(ctx context.Context, conversationID string) ([]Message, error)
	// ChatEvents lists at most limit events after an id, in their order. ChatEventMessage is the newest
	// message that the conversation's events up to an id tell of, 0 where none does.
	ChatEvents(ctx context.Context, after int64, limit int) ([]ChatEvent, error)
	// LastChatEvent is the id of the newest chat event, 0 where there is none.
	LastChatEvent(ctx context.Context) (int64, error)
	ChatEventMessage(ctx context.Context, conversationID string, upTo int64) (int64, error)
	// KnownMessages are those of the external ids (Message.ExternalID) that are stored.
	KnownMessages(ctx context.Context, externalIDs []string) ([]string, error)
	// LinkQuoted reports whether a link to a customer's page is known to be in other hands, by QuotedLink.Digest.
	LinkQuoted(ctx context.Context, digest string) (bool, error)
	// FindAccounts returns the numbers of the accounts that match, in order.
	FindAccounts(ctx context.Context, by AccountKey, value string) ([]string, error)
}

// Tx is one transaction. Everything a Reader can be asked it answers too, seeing its own writes.
type Tx interface {
	Reader
	InsertTicket(ctx context.Context, t *Ticket) error
	// SaveTicket writes the ticket where its Version is still the stored one, and counts it up;
	// Stale otherwise.
	SaveTicket(ctx context.Context, t *Ticket) error
	// SaveTickets is SaveTicket for many at once; Stale where any of them is.
	SaveTickets(ctx context.Context, list []*Ticket) error
	// SaveAlert sets when the ticket is next looked at, which leaves its Version as it is.
	SaveAlert(ctx context.Context, ticketID int64, at *time.Time) error
	InsertMessage(ctx context.Context, m *Message) error
	// SaveAsks records what a person found that a message asks for.
	SaveAsks(ctx context.Context, messageID int64, asks []intent.Intent) error
	// MoveMessages gives every message of one ticket to another, with the conversations and calls they are
	// part of and the proofs of who spoke in them.
	MoveMessages(ctx context.Context, from, to int64) error
	// InsertConversation is Conflict where the conversation is known.
	InsertConversation(ctx context.Context, c Conversation) error
	SaveConversation(ctx context.Context, c Conversation) error
	InsertChatEvent(ctx context.Context, e *ChatEvent) error
	InsertLink(ctx context.Context, l Link) error
	// DeleteLink parts two tickets; NotFound where no link of that kind joins them in that direction.
	DeleteLink(ctx context.Context, l Link) error
	// TakesPart reports whether a mail that is certainly from the address stands in the ticket, or a mail
	// was written to it there.
	TakesPart(ctx context.Context, ticketID int64, address string) (bool, error)

	// InsertIntake stores ledger rows; a second row for the same Place is Conflict.
	InsertIntake(ctx context.Context, rows []Intake) error
	// IntakeRow is the ledger's row with that id; SaveIntake writes what became of it after all.
	IntakeRow(ctx context.Context, id int64) (Intake, error)
	SaveIntake(ctx context.Context, row Intake) error
	// SaveReconciliation keeps the last comparison of a folder with the ledger.
	SaveReconciliation(ctx context.Context, r Reconciliation) error
	// IntakeByFingerprint returns the rows that stored a mail of one of these fingerprints.
	IntakeByFingerprint(ctx context.Context, fingerprints []string) ([]Intake, error)
	// IntakeByUID returns the rows of these UIDs of a folder; of the place only its UID is not looked at.
	IntakeByUID(ctx context.Context, folder Place, uids []uint32) ([]Intake, error)
	// MoveCursor moves the folder's cursor, if fence is the mailbox's newest lease token; Conflict if not.
	MoveCursor(ctx context.Context, c Cursor, fence int64) error
	// TicketsOfMailIDs tells in which tickets the mails, inbound and sent, with these RFC 5322
	// Message-IDs lie, by Message-ID and oldest first: foreign mailers reuse them.
	TicketsOfMailIDs(ctx context.Context, ids []string) (map[string][]int64, error)
	// SentTo tells to whom the mails of these Message-IDs went and what they said, by Message-ID.
	SentTo(ctx context.Context, mailIDs []string) (map[string]Sent, error)
	// TicketsByID lists those of the tickets that there are.
	TicketsByID(ctx context.Context, ids []int64) ([]Ticket, error)
	// LiveTicketsOf lists the tickets of these requesters that are not closed, oldest first.
	LiveTicketsOf(ctx context.Context, requesters ...string) ([]Ticket, error)
	// LiveTicketsForAccount lists the account's tickets that are not closed, oldest first.
	LiveTicketsForAccount(ctx context.Context, accountNo string) ([]Ticket, error)
	// AutoAnswersSince counts automatic mails to an address since an instant.
	AutoAnswersSince(ctx context.Context, recipient string, tell Tell, since time.Time) (int, error)

	// InsertRun begins a run with all its steps; Conflict where one of its subscriptions has a
	// running run already.
	InsertRun(ctx context.Context, r *Run, s Steps) error
	SaveRun(ctx context.Context, r *Run) error
	SaveStep(ctx context.Context, s Step) error
	Effect(ctx context.Context, key string) (Effect, error)
	SaveEffect(ctx context.Context, e Effect) error
	InsertVerification(ctx context.Context, v *Verification) error
	// VoidVerifications ends every verification of the ticket, as re-linking it demands.
	VoidVerifications(ctx context.Context, ticketID int64, at time.Time) error
	// InsertCall is Conflict where there is a call of that id; SaveCall writes one that there is.
	InsertCall(ctx context.Context, c *Call) error
	SaveCall(ctx context.Context, c Call) error
	// InsertHold is Conflict where the subscription has an active hold; SaveHold ends one.
	InsertHold(ctx context.Context, h *Hold) error
	SaveHold(ctx context.Context, h Hold) error
	// HoldsSince lists the holds that began since an instant and were not confirmed by a stop.
	HoldsSince(ctx context.Context, since time.Time) ([]Hold, error)
	// RaiseAlarm rings, unless an alarm of its key rings already; ClearAlarm ends one, if it rings.
	RaiseAlarm(ctx context.Context, a Alarm) error
	ClearAlarm(ctx context.Context, key string, by Actor, at time.Time) error
	// InsertCode stores a code; SaveCode what became of it: a code without an id is none, and nothing is
	// written. CodesSince lists an account's codes since an instant, oldest first.
	InsertCode(ctx context.Context, c *Code) error
	SaveCode(ctx context.Context, c Code) error
	CodeByPublicID(ctx context.Context, publicID string) (Code, error)
	CodesSince(ctx context.Context, accountNo string, since time.Time) ([]Code, error)
	// InsertFactCheck stores that somebody gave payment facts; FactChecksSince lists the checks in a ticket
	// or on an account since an instant.
	InsertFactCheck(ctx context.Context, c FactCheck) error
	FactChecksSince(ctx context.Context, ticketID int64, accountNo string, since time.Time) ([]FactCheck, error)
	// PutQuotedLinks keeps that links were quoted; what is known of them stays.
	PutQuotedLinks(ctx context.Context, list []QuotedLink) error
	InsertQuote(ctx context.Context, q *SavedQuote) error
	InsertAcceptance(ctx context.Context, a *Acceptance) error

	// PutCharge takes in a charge and reports whether it is new. Conflict where its id is known with
	// other data, NotFound where its account is not.
	PutCharge(ctx context.Context, c account.Charge) (bool, error)
	// Guarded reports whether a charge has opened a guard ticket; StoppedBy is the newest ticket in
	// which the biller confirmed a subscription's stop.
	Guarded(ctx context.Context, chargeID string) (bool, error)
	StoppedBy(ctx context.Context, subscriptionID string) (int64, error)
	Refund(ctx context.Context, id string) (account.Refund, error)
	// InsertRefund reserves the amount against its charge; Conflict where more would come back than
	// was paid.
	InsertRefund(ctx context.Context, r *account.Refund) error
	SaveRefund(ctx context.Context, r *account.Refund) error
	// SaveAgreementEnd and SaveStop record what the channel and the biller confirmed.
	SaveAgreementEnd(ctx context.Context, agreementID string, endedAt time.Time) error
	SaveStop(ctx context.Context, subscriptionID string, stoppedAt time.Time, accessUntil account.Date) error

	// SaveDebitsInFlight keeps the debits that the biller named; what is known of a charge stays.
	SaveDebitsInFlight(ctx context.Context, list []account.DebitInFlight) error
	// StopOrder is what a biller that pulls has to apply; SaveStopOrder writes what became of it.
	StopOrder(ctx context.Context, id int64) (account.StopOrder, error)
	SaveStopOrder(ctx context.Context, o account.StopOrder) error

	// InsertForward is Conflict where the ticket has one; ForwardByMailID is that of a Message-ID.
	InsertForward(ctx context.Context, f Forward) error
	SaveForward(ctx context.Context, f Forward) error
	ForwardByMailID(ctx context.Context, mailID string) (Forward, error)

	InsertOutgoing(ctx context.Context, o *Outgoing) error
	OutgoingByKey(ctx context.Context, key string) (Outgoing, error)
	SaveOutgoing(ctx context.Context, o Outgoing) error
	// Handed are the instants of an SMTP account's last hand-overs, at most so many, newest first, and until
	// when its provider takes none, the zero time where that was never said.
	Handed(ctx context.Context, account string, most int) (at []time.Time, paused time.Time, err error)
	InsertSending(ctx context.Context, s Sending) error
	// HeldOutgoing lists the first of the mails that are held back, the most important and oldest first;
	// CountGranted counts those that were let go and are not handed over yet.
	HeldOutgoing(ctx context.Context, limit int) ([]Outgoing, error)
	CountGranted(ctx context.Context) (int, error)
	// LastWrittenTo is the ticket of the newest mail to an address since an instant; NotFound where none was.
	LastWrittenTo(ctx context.Context, recipient string, since time.Time) (int64, error)

	// Append writes an event to its stream's chain.
	Append(ctx context.Context, at time.Time, r Record) error
	// Enqueue stores jobs that begin to exist when the transaction commits.
	Enqueue(ctx context.Context, jobs ...Job) error
}

// AccountKey is what an account can be looked up by.
type AccountKey string

// The keys of an account look-up.
const (
	ByAccount AccountKey = "account"
	ByPhone   AccountKey = "phone"
	ByEmail   AccountKey = "email"
	ByOrderNo AccountKey = "order_no"
	ByTxnID   AccountKey = "channel_txn_id"
)

// View is one list of the queue.
type View string

// The views of the queue. NotCancellation is kept apart: mail that asks for something else.
const (
	ViewAll             View = "all"
	ViewMine            View = "mine"
	ViewUnassigned      View = "unassigned"
	ViewNextCharge      View = "next_charge" // a charge is due, whoever's turn it is
	ViewChats           View = "chats"       // chats that wait for an answer
	ViewWaiting         View = "waiting"     // needs a person of the desk
	ViewApproval        View = "approval"
	ViewCustomer        View = "customer" // the customer's turn
	ViewSolved          View = "solved"
	ViewClosed          View = "closed"
	ViewNoAnswer        View = "no_answer" // nobody ever answered our question
	ViewNotCancellation View = "not_cancellation"
)

// CountLimit is how far the tickets of a view are counted: what it costs to know more grows with all
// that the desk ever did, and tells nobody anything.
const CountLimit = 1000

// Views lists the queue's views in the order they are shown.
func Views() []View {
	return []View{
		ViewAll, ViewMine, ViewUnassigned, ViewNextCharge, ViewChats, ViewWaiting, ViewApproval, ViewCustomer, ViewSolved,
		ViewClosed, ViewNoAnswer, ViewNotCancellation,
	}
}

// Filter narrows a list of tickets. Its zero value is every ticket that still runs, the next charge
// and the earliest deadline first.
type Filter struct {
	View      View
	Login     string // whose tickets ViewMine means
	Status    Status
	Channel   Channel
	Intent    string
	Flag      string
	Assignee  string
	AccountNo string
	Query     string // number, address, account or words of the subject
	DueBefore *time.Time
	After     string // cursor of the page before
	Limit     int    // at most 200; 0 is 50
}
