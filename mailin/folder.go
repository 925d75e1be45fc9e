package mailin

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/canceldesk/canceldesk/tickets"
)

// drainage is one run through a folder. Its stages work on successive batches side by side: one
// goroutine fetches, some keep the originals and parse, one joins what is ready, and drain itself stores.
type drainage struct {
	*Poller
	line   *line
	folder string
	fence  int64
	auth   AuthOptions
	first  bool   // the mailbox's first folder, the one that is watched
	seen   uint32 // the folder's UIDVALIDITY when it was last opened; read only once the stages have ended

	large sync.Mutex // held while a spooled mail is read

	mu     sync.Mutex
	spools map[*byte]*spool // by their first byte: long mails that are not read yet
}

// drain stores everything in the folder that is behind its cursor.
func (p *Poller) drain(ctx context.Context, l *line, folder string, fence int64, auth AuthOptions, sum *Summary) error {
	cursor, err := p.c.Cursors.Cursor(ctx, p.c.Mailbox, folder)
	if err != nil && !errors.Is(err, tickets.NotFound) {
		return fmt.Errorf("read cursor: %w", err)
	}
	d := &drainage{Poller: p, line: l, folder: folder, fence: fence, auth: auth, first: folder == p.c.Folders[0]}
	fetchCtx, stop := context.WithCancelCause(ctx)
	fetched, prepared, gathered := make(chan haul), make(chan tickets.Batch), make(chan tickets.Batch)
	var stages sync.WaitGroup
	defer func() {
		stop(nil)
		for range gathered {
			continue // also where storing broke in our own code: nobody may read what is freed
		}
		stages.Wait()
		d.freeAll()
	}()
	var fetchErr, prepareErr, gatherErr, storeErr error
	stages.Go(func() {
		defer close(fetched)
		fetchErr = guarded(func() error { return d.fetch(fetchCtx, cursor, fetched) })
	})
	stages.Go(func() {
		defer close(prepared)
		if prepareErr = guarded(func() error { return d.prepareAll(fetchCtx, stop, fetched, prepared) }); prepareErr != nil {
			stop(prepareErr)
		}
	})
	stages.Go(func() {
		defer close(gathered)
		if gatherErr = guarded(func() error { return d.gather(prepared, gathered) }); gatherErr != nil {
			stop(gatherErr)
			for range prepared {
				continue // let the stages before see that it is over
			}
		}
	})
	for batch := range gathered {
		if storeErr != nil {
			continue // let the stages before see that it is over
		}
		if storeErr = guarded(func() error { return d.store(ctx, batch, sum) }); storeErr != nil {
			stop(storeErr)
		}
	}
	stages.Wait()
	if err := errors.Join(storeErr, gatherErr, prepareErr); err != nil {
		return err
	}
	// What was fetched or prepared before a failure is stored by now.
	unfinished := d.finish(ctx, d.seen)
	if fetchErr == nil {
		fetchErr = d.reconcile(ctx, cursor.LastUID > 0, sum)
	}
	if fetchErr != nil {
		return errors.Join(fetchErr, unfinished)
	}
	return unfinished
}

// store hands a batch over and counts what became of it.
func (d *drainage) store(ctx context.Context, b tickets.Batch, sum *Summary) error {
	rows, err := d.receive(ctx, b)
	if err != nil {
		return err
	}
	for _, row := range rows {
		sum.add(row.Outcome)
	}
	return nil
}

// receive stores a batch. Where one mail of it can't be stored, that one is set aside and the others
// are stored: one mail must not keep back all that come after it. It is found by halving the batch.
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
	first, second := b, b
	half := len(b.Mails) / 2
	first.Mails, second.Mails = b.Mails[:half], b.Mails[half:]
	first.LastUID = b.Mails[half-1].UID
	rows = rows[:0]
	for _, part := range []tickets.Batch{first, second} {
		stored, err := d.receive(ctx, part)
		if err != nil {
			return nil, err
		}
		rows = append(rows, stored...)
	}
	return rows, nil
}
