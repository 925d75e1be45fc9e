package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/canceldesk/canceldesk/tickets"
)

// Outgoing lists what was or will be sent in the case, oldest first.
func (r reader) Outgoing(ctx context.Context, ticketID int64) ([]tickets.Outgoing, error) {
	var list []tickets.Outgoing
	err := r.on(ctx).Where("ticket_id = ?", ticketID).Order("id").Find(&list).Error
	return list, fail("outgoing", err)
}

// OutgoingByID is the outgoing mail with that id.
func (r reader) OutgoingByID(ctx context.Context, id int64) (tickets.Outgoing, error) {
	var o tickets.Outgoing
	err := r.on(ctx).Take(&o, "id = ?", id).Error
	return o, fail("outgoing by id", err)
}

// Waiting lists mails and text messages that wait or were refused for good, newest first.
func (r reader) Waiting(ctx context.Context, before int64, limit int) ([]tickets.Outgoing, error) {
	var list []tickets.Outgoing
	q := r.on(ctx).Omit("raw").Where("state <> ? AND channel <> ?", tickets.OutgoingSent, tickets.ByChat).Order("id DESC").Limit(limit)
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	return list, fail("waiting mails", q.Find(&list).Error)
}

// CountHeld counts the mails that a limit holds back.
func (r reader) CountHeld(ctx context.Context) (int, error) {
	var n int64
	err := r.on(ctx).Model(&tickets.Outgoing{}).Where("held_at IS NOT NULL").Count(&n).Error
	return int(n), fail("count held mails", err)
}

// SendingPaused reports whether an account's provider takes nothing until after an instant, or mails are
// held back.
func (r reader) SendingPaused(ctx context.Context, account string, at time.Time) (paused bool, err error) {
	err = r.on(ctx).Raw(`SELECT EXISTS (SELECT 1 FROM outgoing WHERE held_at IS NOT NULL)
		OR EXISTS (SELECT 1 FROM sendings WHERE account = ? AND until > ?)`, account, at).Scan(&paused).Error
	return paused, fail("sending paused", err)
}

// Handed are the instants of an account's last hand-overs, newest first, and the end of its pause.
func (t *tx) Handed(ctx context.Context, account string, most int) (at []time.Time, paused time.Time, err error) {
	sent := t.on(ctx).Model(&tickets.Sending{}).Where("account = ?", account).Order("at DESC")
	if err := sent.Session(&gorm.Session{}).Where("until IS NULL").Limit(most).Pluck("at", &at).Error; err != nil {
		return nil, paused, fail("mails handed over", err)
	}
	var last []tickets.Sending
	err = t.on(ctx).Where("account = ? AND until IS NOT NULL", account).Order("until DESC").Limit(1).Find(&last).Error
	if len(last) > 0 {
		paused = *last[0].Until
	}
	return at, paused, fail("pause of sending", err)
}

// InsertSending notes a hand-over or a pause.
func (t *tx) InsertSending(ctx context.Context, s tickets.Sending) error {
	return fail("insert sending", t.on(ctx).Create(&s).Error)
}

// HeldOutgoing lists the first mails that are held back, by importance and age.
func (t *tx) HeldOutgoing(ctx context.Context, limit int) ([]tickets.Outgoing, error) {
	var list []tickets.Outgoing
	err := t.on(ctx).Where("held_at IS NOT NULL").Order("importance, id").Limit(limit).Find(&list).Error
	return list, fail("held mails", err)
}

// CountGranted counts the mails that were let go and are not handed over yet.
func (t *tx) CountGranted(ctx context.Context) (int, error) {
	var n int64
	err := t.on(ctx).Model(&tickets.Outgoing{}).Where("granted AND state = ?", tickets.OutgoingQueued).Count(&n).Error
	return int(n), fail("count granted mails", err)
}

// OutgoingByKey is the outgoing mail with that key.
func (t *tx) OutgoingByKey(ctx context.Context, key string) (tickets.Outgoing, error) {
	var o tickets.Outgoing
	err := t.on(ctx).Take(&o, "key = ?", key).Error
	return o, fail("outgoing by key", err)
}

// InsertOutgoing puts a mail into the outbox; Conflict where its key or Message-ID is taken.
func (t *tx) InsertOutgoing(ctx context.Context, o *tickets.Outgoing) error {
	err := t.whole(ctx, func(g *gorm.DB) error { return g.Create(o).Error })
	return fail("insert outgoing", err)
}

// SaveOutgoing writes every field of a mail that is in the outbox; NotFound where it is not.
func (t *tx) SaveOutgoing(ctx context.Context, o tickets.Outgoing) error {
	return saveExisting(t.on(ctx), "save outgoing", &o)
}

// AutoAnswersSince counts automatic mails that say tell to an address since an instant, those that
// still wait included.
func (t *tx) AutoAnswersSince(ctx context.Context, recipient string, tell tickets.Tell, since time.Time) (int, error) {
	var n int64
	err := t.on(ctx).Model(&tickets.Outgoing{}).Where("auto AND recipient = ? AND tell = ? AND at >= ?", recipient, tell, since).Count(&n).Error
	return int(n), fail("automatic answers", err)
}

// SentTo tells to whom the mails of these Message-IDs went and what they said, by Message-ID.
func (t *tx) SentTo(ctx context.Context, mailIDs []string) (map[string]tickets.Sent, error) {
	if len(mailIDs) == 0 {
		return map[string]tickets.Sent{}, nil
	}
	var list []tickets.Outgoing
	g := t.on(ctx)
	err := g.Select("id", "mail_id", "recipient", "tell").Where("channel = ? AND ?", tickets.ByMail, among(g, "mail_id", mailIDs)).Find(&list).Error
	out := make(map[string]tickets.Sent, len(list))
	for _, o := range list {
		out[o.MailID] = tickets.Sent{ID: o.ID, Recipient: o.Recipient, Tell: o.Tell}
	}
	return out, fail("recipients of mails", err)
}

// saveExisting writes every field of a row by its primary key and never inserts, as gorm's Save would.
func saveExisting(g *gorm.DB, attempted string, row any) error {
	return saved(attempted, g.Model(row).Select("*").Updates(row))
}

// LastWrittenTo is the ticket of the newest mail that went to an address.
func (t *tx) LastWrittenTo(ctx context.Context, recipient string, since time.Time) (int64, error) {
	var o tickets.Outgoing
	err := t.on(ctx).Select("ticket_id").Where("recipient = ? AND channel = ? AND state = ? AND at >= ?", recipient, tickets.ByMail, tickets.OutgoingSent, since).
		Order("id DESC").Take(&o).Error
	return o.TicketID, fail("last mail to an address", err)
}
