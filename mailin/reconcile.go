package mailin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/canceldesk/canceldesk/tickets"
)

// reconcileEvery is how often a folder is compared with the ledger.
const reconcileEvery = time.Hour

// Reconciler knows which mails of a folder are accounted for; tickets.Desk is one.
type Reconciler interface {
	// Reconciliation is the last comparison of a folder; NotFound where there was none.
	Reconciliation(ctx context.Context, mailbox, folder string) (tickets.Reconciliation, error)
	// Unaccounted returns those of the mails, by UID, that the ledger does not know. of.UID is how far the
	// folder was read.
	Unaccounted(ctx context.Context, of tickets.Place, uids []uint32) ([]uint32, error)
	// Reconciled keeps what a comparison found and rings where mails are missing.
	Reconciled(ctx context.Context, r tickets.Reconciliation, missing []uint32) error
}

// reconcile compares the folder, once an hour, with the ledger: a mail that lies on the server at or below
// the cursor and has no row was passed over, whatever the reason. Somebody is told, and then it is taken in.
// A folder that was never read before has nothing to be compared.
func (d *drainage) reconcile(ctx context.Context, readBefore bool, sum *Summary) error {
	if d.c.Reconciler == nil {
		return nil
	}
	last, err := d.c.Reconciler.Reconciliation(ctx, d.c.Mailbox, d.folder)
	switch {
	case errors.Is(err, tickets.NotFound):
		if !readBefore {
			return nil
		}
	case err != nil:
		return fmt.Errorf("last reconciliation: %w", err)
	case d.c.Now().Before(last.At.Add(reconcileEvery)):
		return nil
	}
	cursor, err := d.c.Cursors.Cursor(ctx, d.c.Mailbox, d.folder)
	if errors.Is(err, tickets.NotFound) {
		return nil // it was empty whenever it was read
	} else if err != nil {
		return fmt.Errorf("read cursor: %w", err)
	}
	s, err := d.line.open(ctx)
	if err != nil {
		return err
	}
	f, err := s.Select(ctx, d.folder, false)
	if err != nil || f.UIDValidity != cursor.UIDValidity || cursor.LastUID == 0 {
		return err // made anew at this moment: the next poll reads all of it
	}
	var passed imap.UIDSet
	passed.AddRange(1, imap.UID(cursor.LastUID))
	uids, err := s.search(ctx, passed)
	if err != nil {
		return err
	}
	place := tickets.Place{Mailbox: d.c.Mailbox, Folder: d.folder, UIDValidity: cursor.UIDValidity, UID: cursor.LastUID}
	missing, err := d.c.Reconciler.Unaccounted(ctx, place, uids)
	if err != nil {
		return fmt.Errorf("compare with the ledger: %w", err)
	}
	err = d.c.Reconciler.Reconciled(ctx, tickets.Reconciliation{
		Mailbox: d.c.Mailbox, Folder: d.folder, UIDValidity: cursor.UIDValidity, ThroughUID: cursor.LastUID, Mails: len(uids),
	}, missing)
	if err != nil {
		return fmt.Errorf("keep reconciliation: %w", err)
	}
	if len(missing) == 0 {
		return nil
	}
	d.c.Log.ErrorContext(ctx, "mails on the server are not in the ledger", "mailbox", d.c.Mailbox, "folder", d.folder,
		"missing", len(missing), "first_uid", missing[0], "through_uid", cursor.LastUID)
	return d.takeIn(ctx, s, cursor, missing, sum)
}

// takeIn stores mails that were passed over. The cursor stays where it is.
func (d *drainage) takeIn(ctx context.Context, s *Session, cursor tickets.Cursor, uids []uint32, sum *Summary) error {
	for len(uids) > 0 {
		window := uids[:min(len(uids), listWindow)]
		uids = uids[len(window):]
		listed, err := s.List(ctx, window)
		if err != nil {
			return err
		}
		for i := range listed {
			mails, err := d.fetchBatch(ctx, s, listed[i:i+1])
			if err != nil {
				return err
			}
			if len(mails) == 0 {
				continue // deleted meanwhile
			}
			b, err := d.prepare(ctx, haul{cursor.UIDValidity, mails})
			if err != nil {
				return err
			}
			b.LastUID = cursor.LastUID
			if err := d.store(ctx, b, sum); err != nil {
				return err
			}
		}
	}
	return nil
}
