package evidence

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
)

// checkContainer writes the zip anew from what was read of it, as WriteBundle
// does, and compares every byte. The other checks look at what the files say;
// this one leaves no byte of the zip itself, in no header and behind no entry,
// that could be changed unseen.
func (v *verification) checkContainer(r io.ReaderAt, size int64) {
	v.report.decide("container", v.rewrite(&comparer{r: r, size: size}), fmt.Sprintf("all %d bytes are as the desk writes them", size))
}

// rewrite writes the bundle to c, which fails at the first byte that differs.
func (v *verification) rewrite(c *comparer) error {
	if v.head == nil {
		return errors.New("not compared, because the head is not proven")
	}
	zw := zip.NewWriter(c)
	for _, name := range zipOrder(v.box.names) {
		w, err := createEntry(zw, name, v.head.At)
		if err != nil {
			return c.or(err)
		}
		if err := v.copyEntry(w, name); err != nil {
			return c.or(fmt.Errorf("file %s: %w", name, err))
		}
	}
	if err := zw.Close(); err != nil {
		return c.or(err)
	}
	if c.pos != c.size {
		return fmt.Errorf("%d bytes were added at its end", c.size-c.pos)
	}
	return nil
}

func (v *verification) copyEntry(w io.Writer, name string) (err error) {
	r, err := v.box.open(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	_, err = io.Copy(w, r)
	return err
}

// zipOrder is the order WriteBundle gives the files.
func zipOrder(names []string) []string {
	first := []string{manifestName, proofsName, checkpointName, keysName, eventsName, privateName}
	var ordered []string
	for _, name := range first {
		if slices.Contains(names, name) {
			ordered = append(ordered, name)
		}
	}
	rest := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(first, name) })
	return append(ordered, slices.Sorted(slices.Values(rest))...)
}

// comparer takes what is written to it for what should stand in r.
type comparer struct {
	r     io.ReaderAt
	size  int64
	pos   int64
	wrong error
}

// Write fails at the first byte that differs from what is in r.
func (c *comparer) Write(p []byte) (int, error) {
	is := make([]byte, len(p))
	n, err := c.r.ReadAt(is, c.pos)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	if !bytes.Equal(is[:n], p) {
		at := 0
		for at < n && is[at] == p[at] {
			at++
		}
		c.wrong = fmt.Errorf("the zip was changed or packed anew: byte %d is not what the desk writes", c.pos+int64(at))
		return at, c.wrong
	}
	c.pos += int64(n)
	return n, nil
}

// or prefers what the comparison found to what followed from it.
func (c *comparer) or(err error) error {
	if c.wrong != nil {
		return c.wrong
	}
	return err
}
