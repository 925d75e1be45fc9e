package evidence

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
)

// ErrTooLarge says that a bundle would be larger than Verify reads.
var ErrTooLarge = errors.New("the bundle would be larger than is verified: export less at once")

// limits bound what a hostile zip can make the verifier do.
type limits struct {
	entries int   // entries of the zip
	meta    int64 // bytes of a file that is read whole: manifest, events, proofs, private values, checkpoint, keys
	file    int64 // bytes of any file, unpacked
	total   int64 // bytes of all files, unpacked
}

// bundleLimits are those of Verify; WriteBundle keeps to them, so that what
// was exported can be verified.
func bundleLimits() limits {
	return limits{entries: 100_000, meta: 128 << 20, file: 1 << 30, total: 4 << 30}
}

// container is a zip whose entries are known to be harmless.
type container struct {
	files  map[string]*zip.File
	names  []string // of files, in the order of the directory
	limits limits
}

// openContainer lists the zip's files and says what is wrong with it. Files
// that are wrong are left out of the container. It fails only where there is
// nothing to list.
func openContainer(r io.ReaderAt, size int64, lim limits) (container, []string, error) {
	zr, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return container{}, nil, fmt.Errorf("open zip: %w", err)
	}
	if len(zr.File) > lim.entries {
		return container{}, nil, fmt.Errorf("open zip: more than %d entries", lim.entries)
	}
	c := container{files: map[string]*zip.File{}, limits: lim}
	var wrong []string
	if zr.Comment != "" {
		wrong = append(wrong, "the zip carries a comment")
	}
	seen := map[string]bool{}
	var total uint64
	for _, f := range zr.File {
		folded := strings.ToLower(f.Name)
		if err := lim.entry(f, total); err != nil {
			wrong = append(wrong, fmt.Sprintf("entry %.200q: %s", f.Name, err))
			continue
		}
		if seen[folded] {
			wrong = append(wrong, fmt.Sprintf("entry %q: name is there twice", f.Name))
			continue
		}
		seen[folded] = true
		if strings.HasSuffix(f.Name, "/") {
			continue // a folder, as packers add them: it holds nothing, and the container is not the desk's
		}
		total += f.UncompressedSize64
		c.files[f.Name] = f
		c.names = append(c.names, f.Name)
	}
	if err := contiguous(r, zr.File); err != nil {
		wrong = append(wrong, err.Error())
	}
	return c, wrong, nil
}

// take accounts for one file of an export and fails where the verifier would
// refuse it.
func (lim *limits) take(name string, size int64) error {
	lim.entries--
	lim.total -= size
	whole := name == eventsName || name == privateName || isMeta(name)
	if whole && size > lim.meta || size > lim.file || lim.total < 0 || lim.entries < 0 {
		return fmt.Errorf("%s: %w", name, ErrTooLarge)
	}
	return nil
}

// entry says what is wrong with one entry, given the bytes before it.
func (lim limits) entry(f *zip.File, total uint64) error {
	if err := checkName(strings.TrimSuffix(f.Name, "/")); err != nil {
		return err
	}
	switch mode := f.Mode() & fs.ModeType; {
	case mode == fs.ModeDir && strings.HasSuffix(f.Name, "/"):
		if f.UncompressedSize64 > 0 || f.CompressedSize64 > 2 {
			return errors.New("a folder with content")
		}
	case mode != 0:
		return errors.New("neither a file nor a folder")
	}
	switch {
	case f.Flags&1 != 0:
		return errors.New("encrypted")
	case f.Method != zip.Store && f.Method != zip.Deflate:
		return fmt.Errorf("unknown compression %d", f.Method)
	case f.Comment != "":
		return errors.New("carries a comment")
	case f.UncompressedSize64 > uint64(lim.file):
		return fmt.Errorf("oversize: unpacks to %d bytes, at most %d are read", f.UncompressedSize64, lim.file)
	case total+f.UncompressedSize64 > uint64(lim.total):
		return fmt.Errorf("oversize: all files unpack to more than %d bytes", lim.total)
	}
	return nil
}

// open returns the content of a file. The zip reader fails as soon as a file
// unpacks to more than it declares, so that none gives more than was counted.
func (c container) open(name string) (io.ReadCloser, error) {
	r, err := c.files[name].Open()
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	return r, nil
}

// read returns the content of a small file.
func (c container) read(name string) (_ []byte, err error) {
	f, ok := c.files[name]
	if !ok {
		return nil, fmt.Errorf("%s is missing", name)
	}
	if f.UncompressedSize64 > uint64(c.limits.meta) {
		return nil, fmt.Errorf("%s is oversize: %d bytes, at most %d are read", name, f.UncompressedSize64, c.limits.meta)
	}
	r, err := c.open(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	content, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return content, nil
}

const (
	localSignature     = "PK\x03\x04"
	directorySignature = "PK\x01\x02"
)

// contiguous checks that the zip consists of its listed entries and nothing
// between, before or under them: each local header follows the data before
// it and has the listed name. Programs that read a zip from front to back
// then see the same files as those that read its directory.
func contiguous(r io.ReaderAt, files []*zip.File) error {
	type entry struct {
		*zip.File
		data int64
	}
	var entries []entry
	for _, f := range files {
		data, err := f.DataOffset()
		if err != nil {
			return fmt.Errorf("entry %.200q: header: %w", f.Name, err)
		}
		entries = append(entries, entry{f, data})
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Compare(a.data, b.data) })
	var pos int64
	for _, e := range entries {
		header := make([]byte, 30+len(e.Name))
		if _, err := r.ReadAt(header, pos); err != nil {
			return fmt.Errorf("entry %.200q: header: %w", e.Name, err)
		}
		nameLen := int64(binary.LittleEndian.Uint16(header[26:]))
		extraLen := int64(binary.LittleEndian.Uint16(header[28:]))
		if string(header[:4]) != localSignature || pos+30+nameLen+extraLen != e.data || string(header[30:]) != e.Name || nameLen != int64(len(e.Name)) {
			return fmt.Errorf("entry %.200q: hidden bytes before it, or a header that contradicts the directory", e.Name)
		}
		pos = e.data + int64(e.CompressedSize64)
		if e.Flags&8 != 0 {
			pos += descriptorLen(r, pos)
		}
	}
	end := make([]byte, 4)
	if _, err := r.ReadAt(end, pos); err != nil || len(entries) > 0 && string(end) != directorySignature {
		return errors.New("hidden bytes between the entries and the directory")
	}
	return nil
}

// descriptorLen finds the length of the sizes some packers write behind the
// data: with or without a signature, of 32 or 64 bits, whichever leads to the
// next header; 0 if none does.
func descriptorLen(r io.ReaderAt, pos int64) int64 {
	for _, n := range []int64{16, 12, 24, 20} {
		next := make([]byte, 4)
		if _, err := r.ReadAt(next, pos+n); err != nil {
			continue
		}
		if bytes.Equal(next, []byte(localSignature)) || bytes.Equal(next, []byte(directorySignature)) {
			return n
		}
	}
	return 0
}
