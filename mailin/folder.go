package mailin

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/canceldesk/canceldesk/tickets"
)

// drainage is one run through a folder. Three stages work on successive batches side by side: one
// goroutine fetches, one keeps the originals and parses, and drain itself stores.
type drainage struct {
	*Poller
	line   *line
	folder string
	fence  int64
	auth   AuthOptions
	first  bool // the mailbox's first folder, the one that is watched

	mu   sync.Mutex
	done map[uint32][]uint32 // by UIDVALIDITY: UIDs that are stored and wait for Processed
}

// drain stores everything in the folder that is behind its cursor.
func (p *Poller) drain(ctx context.Context, l *line, folder string, fence int64, auth AuthOptions, sum *Summary) error {
	cursor, err := p.c.Cursors.Cursor(ctx, p.c.Mailbox, folder)
	if err != nil && !errors.Is(err, tickets.NotFound) {
		return fmt.Errorf("read cursor: %w", err)
	}
	d := &drainage{Poller: p, line: l, folder: folder, fence: fence, auth: auth, first: folder == p.c.Folders[0], done: map[uint32][]uint32{}}
	fetchCtx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	fetched, prepared := make(chan haul, 1), make(chan tickets.Batch, 1)
	var fetchErr, prepareErr, storeErr error
	var stages sync.WaitGroup
	stages.Go(func() {
		defer close(fetched)
		fetchErr = guarded(func() error { return d.fetch(fetchCtx, cursor, fetched) })
	})
	stages.Go(func() {
		defer close(prepared)
		if prepareErr = guarded(func() error { return d.prepareAll(fetchCtx, fetched, prepared) }); prepareErr != nil {
			stop(prepareErr)
		}
	})
	for batch := range prepared {
		if storeErr != nil {
			continue // let the stages before see that it is over
		}
		if storeErr = d.store(fetchCtx, batch, sum); storeErr != nil {
			stop(storeErr)
		}
	}
	stages.Wait()
	if storeErr != nil || prepareErr != nil {
		return errors.Join(storeErr, prepareErr)
	}
	// What was fetched before a failure is stored by now.
	if err := errors.Join(fetchErr, d.finish(ctx)); err != nil {
		return err
	}
	return d.reconcile(ctx, cursor.LastUID > 0, sum)
}

// store hands a batch over and counts what became of it.
func (d *drainage) store(ctx context.Context, b tickets.Batch, sum *Summary) error {
	rows, err := d.receive(ctx, b)
	if err != nil {
		return err
	}
	for _, row := range rows {
		sum.add(row.Outcome)
		if row.Outcome != tickets.OutcomeOversize && row.Outcome != tickets.OutcomeQuarantined {
			d.stored(row.Place)
		}
	}
	return nil
}

// receive stores a batch. Where one mail of it can't be stored, that one is set aside and the others
// are stored: one mail must not keep back all that come after it.
func (d *drainage) receive(ctx context.Context, b tickets.Batch) ([]tickets.Intake, error) {
	rows, err := d.c.Receiver.Receive(ctx, b)
	if err == nil && len(rows) != len(b.Mails) {
		return nil, fmt.Errorf("%d mails were handed over and %d stored", len(b.Mails), len(rows))
	}
	switch {
	case err == nil:
		return rows, nil
	case ctx.Err() != nil:
		return nil, fmt.Errorf("receive mails: %w", errors.Join(context.Cause(ctx), err))
	case errors.Is(err, tickets.Conflict), errors.Is(err, tickets.Unavailable):
		return nil, fmt.Errorf("receive mails: %w", err)
	case len(b.Mails) == 1 && b.Mails[0].Refused == tickets.OutcomeQuarantined:
		return nil, fmt.Errorf("receive mails: %w", err) // it is not the mail
	case len(b.Mails) == 1:
		d.c.Log.ErrorContext(ctx, "mail not stored", "mailbox", b.Mailbox, "folder", b.Folder, "uid", b.Mails[0].UID, "error", err)
		b.Mails[0] = unstorable(b.Mails[0])
		return d.receive(ctx, b)
	}
	rows = rows[:0]
	for i, mail := range b.Mails {
		one := b
		one.Mails = []tickets.Incoming{mail}
		if i < len(b.Mails)-1 {
			one.LastUID = mail.UID
		}
		row, err := d.receive(ctx, one)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row...)
	}
	return rows, nil
}

// stored remembers a mail that is safe here, for Processed.
func (d *drainage) stored(p tickets.Place) {
	if !d.c.Processed.writes() {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.done[p.UIDValidity] = append(d.done[p.UIDValidity], p.UID)
}

// finish does to the stored mails what is to become of them, where the folder is still the one they
// were read from.
func (d *drainage) finish(ctx context.Context) error {
	if !d.c.Processed.writes() {
		return nil
	}
	d.mu.Lock()
	done := d.done
	d.done = map[uint32][]uint32{}
	d.mu.Unlock()
	if len(done) == 0 {
		return nil
	}
	if d.c.Processed.changes() {
		if err := d.c.Synced(ctx); err != nil {
			return fmt.Errorf("sync stored mails: %w", err)
		}
	}
	s, err := d.line.open(ctx)
	if err != nil {
		return err
	}
	f, err := s.Select(ctx, d.folder, true)
	if err != nil {
		return err
	}
	if err := s.Finish(ctx, d.c.Processed, done[f.UIDValidity]); err != nil {
		return &tickets.Error{Kind: tickets.Unavailable, Msg: fmt.Sprintf(
			"The mails of %s are stored, but processed.action %s failed on them: check processed.folder and the rights to the folder.", d.folder, d.c.Processed.Action), Err: err}
	}
	return nil
}
