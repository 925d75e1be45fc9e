package mailin

import (
	"time"

	"github.com/canceldesk/canceldesk/tickets"
)

// gatherWait is how long mails that could be stored wait for others to be stored with them. A backlog
// fills a transaction long before; a mail that comes alone is not kept back, because the reading of its
// folder is over then.
const gatherWait = 200 * time.Millisecond

// gather joins batches into as few transactions as Config allows: what a transaction costs apart from
// its rows (syncing the disk, the pages of every index, asking what is known) is paid once for hundreds
// of mails. It ends when in does, and leaves nothing behind.
func (d *drainage) gather(in <-chan tickets.Batch, out chan<- tickets.Batch) error {
	timer := time.NewTimer(gatherWait)
	defer timer.Stop()
	var held tickets.Batch
	pass := func() {
		if len(held.Mails) > 0 {
			out <- held // drain takes everything, also once it has met an error
		}
		held = tickets.Batch{}
	}
	for {
		var due <-chan time.Time
		if len(held.Mails) > 0 {
			due = timer.C
		}
		select {
		case b, more := <-in:
			if !more {
				pass()
				return nil
			}
			if !d.joins(held, b) {
				pass()
			}
			if len(held.Mails) == 0 {
				held = b
				timer.Reset(gatherWait)
			} else {
				held.Mails, held.LastUID = append(held.Mails, b.Mails...), b.LastUID
			}
			if len(held.Mails) >= d.c.StoreMails {
				pass()
			}
		case <-due:
			pass()
		}
	}
}

// joins tells whether b may be stored together with what is held.
func (d *drainage) joins(held, b tickets.Batch) bool {
	var bytes int64
	for _, list := range [][]tickets.Incoming{held.Mails, b.Mails} {
		for _, m := range list {
			bytes += m.Bytes
		}
	}
	return held.UIDValidity == b.UIDValidity && len(held.Mails)+len(b.Mails) <= d.c.StoreMails && bytes <= 2*d.c.BatchBytes
}
