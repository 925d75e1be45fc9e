package mailin

import (
	"context"
	"fmt"

	"github.com/canceldesk/canceldesk/tickets"
)

// processAtOnce is for how many mails one command is given.
const processAtOnce = 200

// unfinishedError is a poll that stored everything, after which the server would not do what is to become of the
// mails. It is tried again with the next poll, and keeps no mail from being read.
type unfinishedError struct{ err error }

// Error says why.
func (e *unfinishedError) Error() string { return e.err.Error() }

// Unwrap is what happened.
func (e *unfinishedError) Unwrap() error { return e.err }

// finish does to the stored mails what is to become of them, those that an earlier poll left too, where the folder
// is still the one they were read from.
func (d *drainage) finish(ctx context.Context, uidValidity uint32) error {
	if !d.c.Processed.writes() || uidValidity == 0 {
		return nil
	}
	if err := d.process(ctx, tickets.Place{Mailbox: d.c.Mailbox, Folder: d.folder, UIDValidity: uidValidity}); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		d.line.drop()
		return &unfinishedError{err}
	}
	return nil
}

func (d *drainage) process(ctx context.Context, folder tickets.Place) error {
	for opened := false; ; opened = true {
		uids, err := d.c.Stored.Unprocessed(ctx, folder, processAtOnce)
		if err != nil || len(uids) == 0 {
			return err
		}
		if !opened && d.c.Processed.changes() {
			if err := d.c.Synced(ctx); err != nil {
				return fmt.Errorf("sync stored mails: %w", err)
			}
		}
		s, err := d.line.open(ctx)
		if err != nil {
			return err
		}
		if !opened {
			f, err := s.Select(ctx, d.folder, true)
			if err != nil || f.UIDValidity != folder.UIDValidity {
				return err // made anew: these mails are there no more
			}
		}
		if err := s.Finish(ctx, d.c.Processed, uids); err != nil {
			return &tickets.Error{Kind: tickets.Unavailable, Msg: fmt.Sprintf(
				"The mails of %s are stored, but processed.action %s failed on them: check processed.folder and the rights to the folder.", d.folder, d.c.Processed.Action), Err: err}
		}
		if err := d.c.Stored.SetProcessed(ctx, folder, uids); err != nil {
			return fmt.Errorf("note processed mails: %w", err)
		}
	}
}
