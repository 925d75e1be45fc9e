package tickets

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Reconciliation is what the comparison of a folder with the ledger found: every mail that lies on the server
// at or below the cursor must have its row.
type Reconciliation struct {
	Mailbox     string `gorm:"primaryKey"`
	Folder      string `gorm:"primaryKey"`
	UIDValidity uint32 `gorm:"column:uid_validity"`
	ThroughUID  uint32 `gorm:"column:through_uid"` // where the cursor stood
	Mails       int    // that the server had up to there
	Missing     int    // those of them that the ledger does not know
	At          time.Time
}

// Reconciliation is the last one of a folder; NotFound where it was never compared.
func (d *Desk) Reconciliation(ctx context.Context, mailbox, folder string) (Reconciliation, error) {
	list, err := d.store.Reconciliations(ctx)
	if err != nil {
		return Reconciliation{}, err
	}
	i := slices.IndexFunc(list, func(r Reconciliation) bool { return r.Mailbox == mailbox && r.Folder == folder })
	if i < 0 {
		return Reconciliation{}, NotFound
	}
	return list[i], nil
}

// Unaccounted returns those of the mails, by UID, that the ledger does not know. There are to be none: whoever
// finds some tells Reconciled. of is the folder, and its UID how far it was read.
func (d *Desk) Unaccounted(ctx context.Context, of Place, uids []uint32) ([]uint32, error) {
	known, err := d.store.IntakeUIDs(ctx, of)
	if err != nil {
		return nil, err
	}
	var missing []uint32
	for _, uid := range uids {
		if _, there := slices.BinarySearch(known, uid); !there {
			missing = append(missing, uid)
		}
	}
	return missing, nil
}

// Reconciled keeps what a comparison found. Mails that the ledger does not know raise an alarm, which rings
// until a person clears it: that they are taken in after all does not tell why they were passed over.
func (d *Desk) Reconciled(ctx context.Context, r Reconciliation, missing []uint32) error {
	r.Missing, r.At = len(missing), d.now()
	return d.store.InTx(ctx, func(tx Tx) error {
		if err := tx.SaveReconciliation(ctx, r); err != nil || len(missing) == 0 {
			return err
		}
		return tx.RaiseAlarm(ctx, Alarm{
			Key: fmt.Sprintf("%s %s/%s", AlarmMailMissing, r.Mailbox, r.Folder), Kind: AlarmMailMissing, At: r.At,
			Detail: fmt.Sprintf("%s/%s: %d (UID %s)", r.Mailbox, r.Folder, len(missing), someUIDs(missing)),
		})
	})
}

// someUIDs names the first of many.
func someUIDs(uids []uint32) string {
	const most = 10
	var b strings.Builder
	for i, uid := range uids[:min(len(uids), most)] {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprint(&b, uid)
	}
	if len(uids) > most {
		b.WriteString(", …")
	}
	return b.String()
}

// MailboxUnread rings until MailboxRead is told of the same mailbox. why is what to do about it, for the
// people at the desk.
func (d *Desk) MailboxUnread(ctx context.Context, mailbox, why string) error {
	at := d.now()
	return d.store.InTx(ctx, func(tx Tx) error {
		return tx.RaiseAlarm(ctx, Alarm{Key: unreadKey(mailbox), Kind: AlarmMailboxUnread, At: at, Detail: mailbox + ": " + why})
	})
}

// MailboxRead ends the alarm of MailboxUnread, if it rings.
func (d *Desk) MailboxRead(ctx context.Context, mailbox string) error {
	at := d.now()
	return d.store.InTx(ctx, func(tx Tx) error { return tx.ClearAlarm(ctx, unreadKey(mailbox), DeskActor, at) })
}

func unreadKey(mailbox string) string { return string(AlarmMailboxUnread) + " " + mailbox }

// setAside rings for a mail that nobody has read: it waits for a person, who must see that.
func (a *arrivals) setAside(ctx context.Context, row Intake) error {
	return a.tx.RaiseAlarm(ctx, Alarm{
		Key: quarantineKey(row.Place.Mailbox), Kind: AlarmMailQuarantined, At: a.at,
		Detail: fmt.Sprintf("%s/%s: UID %d", row.Place.Mailbox, row.Place.Folder, row.Place.UID),
	})
}

func quarantineKey(mailbox string) string { return string(AlarmMailQuarantined) + " " + mailbox }

// allRead ends the alarm of setAside once no mail of the mailbox waits any more.
func allRead(ctx context.Context, tx Tx, mailbox string, at time.Time) error {
	n, err := tx.CountQuarantined(ctx, mailbox)
	if err != nil || n > 0 {
		return err
	}
	return tx.ClearAlarm(ctx, quarantineKey(mailbox), DeskActor, at)
}
