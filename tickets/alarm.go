package tickets

import "time"

// AlarmKind names what somebody at the desk must see in time.
type AlarmKind string

// The alarms.
const (
	AlarmStopUnapplied AlarmKind = "stop_unapplied"   // a biller that pulls has not applied a stop, and the next charge is near
	AlarmHoldBurst     AlarmKind = "hold_burst"       // unusually many holds on unconfirmed requests
	AlarmChatIgnored   AlarmKind = "chat_ignored"     // a chat that nobody answers
	AlarmDueSoon       AlarmKind = "due_soon"         // an answer is due soon
	AlarmOverdue       AlarmKind = "overdue"          // an answer is late
	AlarmForwardFailed AlarmKind = "forward_failed"   // a mail for somebody else that could not be forwarded
	AlarmHoldUnclear   AlarmKind = "hold_unconfirmed" // a hold that the biller has not confirmed, and the next charge is near
	AlarmMailAway      AlarmKind = "mail_away"        // no mail goes out: the mail server can't be reached or refuses the login
	AlarmMailHeld      AlarmKind = "mail_held"        // mails wait because of a limit of the provider
	AlarmMailRefused   AlarmKind = "mail_refused"     // a mail to the customer was refused for good

	AlarmMailMissing     AlarmKind = "mail_missing"     // a mail on the server that the ledger does not know though the folder was read past it
	AlarmMailboxUnread   AlarmKind = "mailbox_unread"   // a mailbox that can't be read
	AlarmMailQuarantined AlarmKind = "mail_quarantined" // a mail that could not be read and waits for a person
)

// IntakeAlarms are those that say that mail may wait which nobody sees; every page of the dashboard shows them.
func IntakeAlarms() []AlarmKind {
	return []AlarmKind{AlarmMailMissing, AlarmMailboxUnread, AlarmMailQuarantined}
}

// Alarm is something that somebody at the desk must see in time.
type Alarm struct {
	ID        int64  `gorm:"primaryKey"`
	Key       string // one cause rings once while it lasts
	Kind      AlarmKind
	TicketID  int64  // 0 where it is about no one case
	Detail    string // what a person should know, in words without personal data
	At        time.Time
	ClearedAt *time.Time
	ClearedBy string // actor
}
