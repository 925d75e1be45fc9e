package mailin

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/canceldesk/canceldesk/tickets"
)

// spoolAbove is how long a mail may be that is fetched into memory. A longer one goes through a file: then what it
// takes is the system's, which can have it back at any moment, and not ours until the next garbage collection.
const spoolAbove = 1 << 20

// errSpool is a spool that can't be written: the disk is full, or the folder for temporary files is not there. It
// is no mail's fault.
var errSpool = errors.New("the spool can't be written")

// spool is a long mail in a file without a name, which ends with the process, mapped into memory to be read only.
// Nothing may hold a part of bytes once it was freed.
type spool struct{ bytes []byte }

// newSpool reads size bytes. Together with an error it holds what had come before.
func newSpool(r io.Reader, size int64) (*spool, error) {
	broken := func(err error) error {
		return &tickets.Error{Kind: tickets.Unavailable, Msg: "A large mail can't be put aside while it is read: check the room in " + os.TempDir() + ".", Err: fmt.Errorf("%w: %w", errSpool, err)}
	}
	f, err := os.CreateTemp("", "canceldesk-mail-*") // of mode 0600
	if err != nil {
		return &spool{}, broken(err)
	}
	defer func() { _ = f.Close() }() // the map outlives it
	if err := os.Remove(f.Name()); err != nil {
		return &spool{}, broken(err)
	}
	w := &spoolWriter{f: f}
	_, readErr := io.CopyN(w, r, size)
	if w.err != nil {
		return &spool{}, broken(w.err)
	}
	if w.n == 0 {
		return &spool{}, readErr
	}
	// Nobody else has the file, so that it does not become shorter than its map.
	mapped, err := unix.Mmap(int(f.Fd()), 0, int(w.n), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return &spool{}, broken(err)
	}
	return &spool{bytes: mapped}, readErr
}

// rest gives the memory back until somebody reads the mail again.
func (s *spool) rest() {
	if len(s.bytes) > 0 {
		_ = unix.Madvise(s.bytes, unix.MADV_DONTNEED) // without it the memory is only held for longer
	}
}

// free ends the spool. It may be called twice.
func (s *spool) free() {
	if len(s.bytes) > 0 {
		_ = unix.Munmap(s.bytes) // it fails only for memory that is none of ours
		s.bytes = nil
	}
}

// spoolWriter tells an error of the file from one of the connection.
type spoolWriter struct {
	f   *os.File
	n   int64
	err error
}

// Write implements io.Writer.
func (w *spoolWriter) Write(p []byte) (int, error) {
	n, err := w.f.Write(p)
	w.n += int64(n)
	w.err = err
	return n, err
}

// hold keeps a spool until its mail was read.
func (d *drainage) hold(s *spool) {
	if s == nil || len(s.bytes) == 0 {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.spools == nil {
		d.spools = map[*byte]*spool{}
	}
	d.spools[&s.bytes[0]] = s
}

// spooled are the spools that these mails lie in.
func (d *drainage) spooled(raws [][]byte) (in []*spool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, raw := range raws {
		if len(raw) > spoolAbove && d.spools[&raw[0]] != nil {
			in = append(in, d.spools[&raw[0]])
		}
	}
	return in
}

// free ends spools.
func (d *drainage) free(spools []*spool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range spools {
		delete(d.spools, &s.bytes[0])
		s.free()
	}
}

// freeAll ends every spool. Nobody may be reading any more.
func (d *drainage) freeAll() { d.free(slices.Collect(maps.Values(d.spools))) }

// reading does something with mails. Of the runs that read spooled ones there is one at a time: two side by side
// would take the memory of both.
func (d *drainage) reading(spools []*spool, work func()) {
	if len(spools) > 0 {
		d.large.Lock()
		defer d.large.Unlock()
	}
	work()
	for _, s := range spools {
		s.rest()
	}
}
