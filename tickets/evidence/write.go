package evidence

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Bundle is a draft whose head is logged, and what proves it.
type Bundle struct {
	// Draft comes from PrepareHead.
	Draft Draft
	// HeadIndex is the leaf index under which Draft.Head was logged.
	HeadIndex int64
	// Checkpoint is the signed checkpoint that covers the head.
	Checkpoint []byte
	// VerifierKey is the public key the checkpoint opens with. It is put
	// into keys.txt for comparison; the receiver has it from elsewhere.
	VerifierKey string
	// Hashes reads the log's tree hashes; it is asked once.
	Hashes tlog.HashReader
	// Earlier is a signed checkpoint published before, under the same key,
	// with a size ≥ 1; the bundle then proves that the log only grew since.
	// Leave it empty for none.
	Earlier []byte
}

// WriteBundle is the second half of an export: it writes the zip that Verify
// reads. Equal inputs give equal bytes: the order of entries is fixed and
// their time is that of the head. Anything that would not verify is an error,
// a file that changed since PrepareHead included; what was written until then
// is no bundle.
func WriteBundle(w io.Writer, b Bundle) error {
	if err := b.write(w); err != nil {
		return fmt.Errorf("write evidence bundle: %w", err)
	}
	return nil
}

func (b Bundle) write(w io.Writer) error {
	verifier, err := NewVerifier(b.VerifierKey)
	if err != nil {
		return err
	}
	c, err := OpenCheckpoint(b.Checkpoint, verifier)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	p, err := b.proofs(c, verifier)
	if err != nil {
		return err
	}
	proofsContent, err := p.canonical()
	if err != nil {
		return err
	}
	meta := []File{
		Bytes(proofsName, proofsContent),
		Bytes(checkpointName, b.Checkpoint),
		Bytes(keysName, []byte(strings.TrimSpace(b.VerifierKey)+"\n")),
	}
	m := b.Draft.manifest(c.Origin)
	room := b.Draft.room
	for _, f := range meta {
		sum, err := f.digest([32]byte{}, nil, io.Discard)
		if err != nil {
			return err
		}
		if err := room.take(f.Name, sum.size); err != nil {
			return err
		}
		m.files[f.Name] = manifestFile{sha256: sum.sha256}
	}
	manifestContent, err := m.canonical()
	if err != nil {
		return err
	}
	if err := room.take(manifestName, int64(len(manifestContent))); err != nil {
		return err
	}
	zw := zip.NewWriter(w)
	for _, f := range append([]File{Bytes(manifestName, manifestContent)}, meta...) {
		if _, err := writeFile(zw, f, [32]byte{}, b.Draft.Head.At); err != nil {
			return err
		}
	}
	for _, f := range b.Draft.files {
		sum, err := writeFile(zw, f, b.Draft.digests[f.Name].salt, b.Draft.Head.At)
		if err != nil {
			return err
		}
		if sum.commitment != b.Draft.Head.Files[f.Name] {
			return fmt.Errorf("file %s changed since the head was prepared", f.Name)
		}
	}
	return zw.Close()
}

// proofs computes and checks all proofs.
func (b Bundle) proofs(c Checkpoint, verifier note.Verifier) (proofs, error) {
	var earlier Checkpoint
	if len(b.Earlier) > 0 {
		var err error
		if earlier, err = OpenCheckpoint(b.Earlier, verifier); err != nil {
			return proofs{}, fmt.Errorf("earlier checkpoint: %w", err)
		}
		if earlier.Size < 1 {
			return proofs{}, errors.New("earlier checkpoint: an empty log proves nothing")
		}
	}
	for _, l := range b.Draft.events {
		if l.Index >= b.HeadIndex {
			return proofs{}, fmt.Errorf("event at %d was logged after the head at %d", l.Index, b.HeadIndex)
		}
	}
	p, err := b.Draft.prove(b.HeadIndex, c, b.Hashes, earlier)
	if err != nil {
		return proofs{}, err
	}
	p.earlier = string(b.Earlier)
	return p, nil
}

// writeFile adds one entry and returns the digests of what was written.
func writeFile(zw *zip.Writer, f File, salt [32]byte, at time.Time) (sums, error) {
	w, err := createEntry(zw, f.Name, at)
	if err != nil {
		return sums{}, fmt.Errorf("file %s: %w", f.Name, err)
	}
	sum, err := f.digest(salt, nil, w)
	if err != nil {
		return sums{}, fmt.Errorf("file %s: %w", f.Name, err)
	}
	return sum, nil
}

// createEntry begins an entry of the zip. Entries are stored as they are: what a compressor writes
// differs from one version to the next, and a bundle has to be the same bytes years later, when the
// verifier writes it anew to compare.
func createEntry(zw *zip.Writer, name string, at time.Time) (io.Writer, error) {
	return zw.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store, Modified: at.Truncate(time.Second)})
}
