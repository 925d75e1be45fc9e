package store

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	_ "gocloud.dev/blob/memblob" // opens mem://
	"gocloud.dev/gcerrors"

	"github.com/canceldesk/canceldesk/tickets"
)

// Blobs keeps originals: raw mails, attachments, recordings. Many small ones share one segment, so
// that a batch costs one sync of the disk. Segments have random names, never anything out of a mail.
type Blobs struct {
	bucket *blob.Bucket
	dir    string // of a file URL, where segments are written and synced by ourselves; "" otherwise
}

// OpenBlobs opens the place that url names, such as file:///var/lib/canceldesk/blobs or mem://; the
// folder of a file URL is made where it is missing.
func OpenBlobs(ctx context.Context, blobURL string) (*Blobs, error) {
	u, err := url.Parse(blobURL)
	if err != nil {
		return nil, &tickets.Error{Kind: tickets.Invalid, Msg: "blobs.url can't be read."} // the cause may quote a secret
	}
	unavailable := func(err error) error {
		return &tickets.Error{Kind: tickets.Unavailable, Msg: "The place of blobs.url can't be opened.", Err: err}
	}
	if u.Scheme != fileblob.Scheme {
		b, err := blob.OpenBucket(ctx, blobURL)
		if err != nil {
			return nil, unavailable(err)
		}
		return &Blobs{bucket: b}, nil
	}
	dir := filepath.FromSlash(u.Path)
	if err := makeDir(dir); err != nil {
		return nil, unavailable(err)
	}
	b, err := fileblob.OpenBucket(dir, &fileblob.Options{Metadata: fileblob.MetadataDontWrite})
	if err != nil {
		return nil, unavailable(err)
	}
	return &Blobs{bucket: b, dir: dir}, nil
}

// Close lets the place go.
func (b *Blobs) Close() error { return b.bucket.Close() }

// KeepBatch stores the raws as one segment and returns a reference for each, in their order. When it
// returns they are durable: on disk the segment and its name are synced. No raws are no segment.
func (b *Blobs) KeepBatch(ctx context.Context, raws [][]byte) ([]string, error) {
	if len(raws) == 0 {
		return nil, nil
	}
	readers := make([]io.Reader, len(raws))
	for i, raw := range raws {
		readers[i] = bytes.NewReader(raw)
	}
	segment := newSegment()
	if _, err := b.write(ctx, segment, io.MultiReader(readers...)); err != nil {
		return nil, err
	}
	refs := make([]string, len(raws))
	var offset int64
	for i, raw := range raws {
		refs[i] = reference(segment, offset, int64(len(raw)))
		offset += int64(len(raw))
	}
	return refs, nil
}

// Keep stores what r gives as one segment, streaming it, and returns its reference and length. It is
// as durable as KeepBatch. An error of r's leaves nothing behind.
func (b *Blobs) Keep(ctx context.Context, r io.Reader) (ref string, length int64, err error) {
	segment := newSegment()
	length, err = b.write(ctx, segment, r)
	if err != nil {
		return "", 0, err
	}
	return reference(segment, 0, length), length, nil
}

// Drop gives up a segment that Keep stored and nothing refers to. One that is gone already is no error.
func (b *Blobs) Drop(ctx context.Context, ref string) error {
	segment, _, _, err := parseReference(ref)
	if err != nil {
		return err
	}
	if err := b.bucket.Delete(ctx, segment); gcerrors.Code(err) != gcerrors.NotFound {
		return blobError("drop blob", err)
	}
	return nil
}

// Open reads what a reference names, from anywhere in it; NotFound where it is not kept (any more).
func (b *Blobs) Open(ctx context.Context, ref string) (io.ReadSeekCloser, error) {
	segment, offset, length, err := parseReference(ref)
	if err != nil {
		return nil, err
	}
	r, err := b.bucket.NewRangeReader(ctx, segment, offset, length, nil)
	if err != nil {
		return nil, blobError("open blob", err)
	}
	return r, nil
}

// write stores one segment durably.
func (b *Blobs) write(ctx context.Context, segment string, r io.Reader) (int64, error) {
	if b.dir != "" {
		n, err := writeSynced(b.dir, segment, r)
		return n, blobError("write segment", err)
	}
	// Cancelling before Close is gocloud's way to give a half-written blob up.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w, err := b.bucket.NewWriter(ctx, segment, &blob.WriterOptions{ContentType: "application/octet-stream"})
	if err != nil {
		return 0, blobError("write segment", err)
	}
	n, err := io.Copy(w, r)
	if err != nil {
		cancel()
	}
	return n, blobError("write segment", errors.Join(err, w.Close()))
}

// writeBytes is how much of a segment is written at a time.
const writeBytes = 128 << 10

// writeSynced writes a file that is there whole or not at all, whatever happens to the power: the
// bytes are synced before the file gets its name, and the folder after.
func writeSynced(dir, name string, r io.Reader) (n int64, err error) {
	f, err := os.CreateTemp(dir, ".writing-*")
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	b := bufio.NewWriterSize(f, writeBytes) // most mails are small, and a batch of them is one file
	if n, err = io.Copy(b, r); err == nil {
		err = b.Flush()
	}
	if err != nil {
		return 0, err
	}
	if err = f.Sync(); err != nil {
		return 0, err
	}
	if err = f.Close(); err != nil {
		return 0, err
	}
	if err = os.Rename(f.Name(), filepath.Join(dir, name)); err != nil {
		return 0, err
	}
	return n, syncDir(dir)
}

// makeDir makes a folder with those above it, each of them durably: what is synced into a folder is
// lost with the folder's own name.
func makeDir(dir string) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := makeDir(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return syncDir(parent)
}

// syncDir makes the names in a folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// newSegment is a name nobody can guess; crypto/rand.Text carries more than 128 random bits.
func newSegment() string { return strings.ToLower(rand.Text()) }

// reference names a part of a segment.
func reference(segment string, offset, length int64) string {
	return fmt.Sprintf("%s#%d+%d", segment, offset, length)
}

// parseReference reads what reference wrote, and nothing that could name another file.
func parseReference(ref string) (segment string, offset, length int64, err error) {
	segment, place, ok := strings.Cut(ref, "#")
	from, size, ok2 := strings.Cut(place, "+")
	offset, err1 := strconv.ParseInt(from, 10, 64)
	length, err2 := strconv.ParseInt(size, 10, 64)
	plain := segment != "" && strings.Trim(segment, "abcdefghijklmnopqrstuvwxyz234567") == ""
	if !ok || !ok2 || !plain || err1 != nil || err2 != nil || offset < 0 || length < 0 {
		return "", 0, 0, &tickets.Error{Kind: tickets.NotFound, Msg: "There is no such original."}
	}
	return segment, offset, length, nil
}

// blobError gives an error of the blob store its kind. What a reader said of itself, such as TooLarge,
// stays as it is.
func blobError(attempted string, err error) error {
	var ours *tickets.Error
	if err == nil || errors.As(err, &ours) {
		return err
	}
	kind, msg := tickets.Unavailable, "The originals can't be reached just now. Try again later."
	if gcerrors.Code(err) == gcerrors.NotFound {
		kind, msg = tickets.NotFound, "The original is not kept."
	}
	return &tickets.Error{Kind: kind, Msg: msg, Err: fmt.Errorf("%s: %w", attempted, err)}
}
