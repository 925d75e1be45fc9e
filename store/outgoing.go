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
	err := t.on(ctx).Select("mail_id", "recipient", "tell").Where("channel = ? AND mail_id IN ?", tickets.ByMail, mailIDs).Find(&list).Error
	out := make(map[string]tickets.Sent, len(list))
	for _, o := range list {
		out[o.MailID] = tickets.Sent{Recipient: o.Recipient, Tell: o.Tell}
	}
	return out, fail("recipients of mails", err)
}

// saveExisting writes every field of a row by its primary key and never inserts, as gorm's Save would.
func saveExisting(g *gorm.DB, attempted string, row any) error {
	return saved(attempted, g.Model(row).Select("*").Updates(row))
}
