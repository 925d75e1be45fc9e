package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// The files every bundle has. Those of metaFiles check the others and are
// checked themselves by what they say; all the rest is covered by the head.
const (
	manifestName   = "manifest.json"
	eventsName     = "events.jsonl"
	proofsName     = "proofs.json"
	checkpointName = "checkpoint.txt"
	keysName       = "keys.txt"
	privateName    = "private.jsonl"
)

// isMeta tells whether the head does not cover the file: it is written after
// the head is logged.
func isMeta(name string) bool {
	return name == manifestName || name == proofsName || name == checkpointName || name == keysName
}

// Logged is a leaf of the log: its exact bytes and its index.
type Logged struct {
	Index int64
	Line  []byte
}

// File is a file of a bundle, such as messages/1.eml or summary.en.html.
type File struct {
	// Name is a relative path of ASCII letters, digits, dots, dashes and
	// underscores.
	Name string
	// Open returns the content from its start. It is called once for the
	// head and once for the bundle, and has to give the same both times.
	Open func() (io.ReadCloser, error)
}

// Bytes is a File whose content is at hand.
func Bytes(name string, content []byte) File {
	return File{Name: name, Open: func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(content)), nil
	}}
}

// Contents is what an export is made of.
type Contents struct {
	// Events are all events of one or several streams, sorted by stream and
	// then in order.
	Events []Logged
	// Private are values the events hold commitments of; leave out what was
	// erased or is not for the receiver.
	Private []Private
	// Files are the messages, channel records, quote, confirmation and
	// summaries.
	Files []File
}

// Draft is an export whose head is not in the log yet.
type Draft struct {
	// Head is what has to be logged next.
	Head Head

	events  []Logged
	files   []File // in the order of the zip, events.jsonl and private.jsonl included
	digests map[string]fileDigest
	room    limits // what the verifier would still read
}

// fileDigest is how the manifest names a file's content: the salt the head's
// commitment was made with, and a plain digest for whoever has only
// sha256sum.
type fileDigest struct {
	salt   [32]byte
	sha256 string
}

// PrepareHead is the first half of an export: it reads all files once, draws
// a salt for each from rand and returns the draft whose Head the caller logs
// and has covered by a signed checkpoint before calling WriteBundle. The
// instant at is that of the export. Events that do not form whole, unbroken
// streams are an error, and so are private values that do not match.
func PrepareHead(c Contents, rand io.Reader, at time.Time) (Draft, error) {
	d := Draft{events: c.Events, digests: map[string]fileDigest{}}
	streams, err := tips(c.Events)
	if err != nil {
		return Draft{}, fmt.Errorf("prepare evidence head: %w", err)
	}
	if d.files, err = c.list(); err != nil {
		return Draft{}, fmt.Errorf("prepare evidence head: %w", err)
	}
	d.Head = Head{At: at, Files: map[string]string{}, Streams: streams}
	claims, err := c.claims()
	if err != nil {
		return Draft{}, fmt.Errorf("prepare evidence head: %w", err)
	}
	d.room = bundleLimits()
	for _, f := range d.files {
		var fd fileDigest
		if _, err := io.ReadFull(rand, fd.salt[:]); err != nil {
			return Draft{}, fmt.Errorf("prepare evidence head: draw salt: %w", err)
		}
		sum, err := f.digest(fd.salt, claims[f.Name], io.Discard)
		if err != nil {
			return Draft{}, fmt.Errorf("prepare evidence head: file %s: %w", f.Name, err)
		}
		if len(sum.wrong) > 0 {
			return Draft{}, fmt.Errorf("prepare evidence head: file %s is not what %s committed to", f.Name, strings.Join(sum.wrong, ", "))
		}
		if err := d.room.take(f.Name, sum.size); err != nil {
			return Draft{}, fmt.Errorf("prepare evidence head: %w", err)
		}
		fd.sha256 = sum.sha256
		d.digests[f.Name] = fd
		d.Head.Files[f.Name] = sum.commitment
	}
	if _, err := d.Head.Canonical(); err != nil {
		return Draft{}, fmt.Errorf("prepare evidence head: %w", err)
	}
	return d, nil
}

// tips follows all streams and wants them whole, in order and sorted.
func tips(events []Logged) ([]Tip, error) {
	var done []Tip
	var tip Tip
	last := int64(-1)
	for _, l := range events {
		e, err := ParseEvent(l.Line)
		if err != nil {
			return nil, err
		}
		if tip.Count > 0 && e.Stream > tip.Stream {
			done, tip, last = append(done, tip), Tip{}, -1
		}
		if tip, err = tip.next(e, l.Line); err != nil {
			return nil, err
		}
		if l.Index <= last {
			return nil, fmt.Errorf("event %s/%d was logged before the one it follows", e.Stream, e.N)
		}
		last = l.Index
	}
	if tip.Count == 0 {
		return nil, errors.New("no events")
	}
	return append(done, tip), nil
}

// list puts the covered files into the order of the zip.
func (c Contents) list() ([]File, error) {
	files := []File{Bytes(eventsName, lines(c.Events))}
	if len(c.Private) > 0 {
		content, err := privateLines(c.Private)
		if err != nil {
			return nil, err
		}
		files = append(files, Bytes(privateName, content))
	}
	rest := slices.SortedFunc(slices.Values(c.Files), func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	seen := map[string]bool{eventsName: true, privateName: true}
	for _, f := range rest {
		if err := checkName(f.Name); err != nil {
			return nil, err
		}
		if isMeta(strings.ToLower(f.Name)) || seen[strings.ToLower(f.Name)] {
			return nil, fmt.Errorf("file name %s is taken", f.Name)
		}
		seen[strings.ToLower(f.Name)] = true
	}
	return append(files, rest...), nil
}

// claims checks the private values that are told in words and returns, by
// file name, those that are told as files.
func (c Contents) claims() (map[string][]claim, error) {
	events := map[string]Event{}
	for _, l := range c.Events {
		e, err := ParseEvent(l.Line)
		if err != nil {
			return nil, err
		}
		events[eventKey(e.Stream, e.N)] = e
	}
	claims := map[string][]claim{}
	for _, p := range c.Private {
		cl, err := p.claim(events)
		if err != nil {
			return nil, err
		}
		if p.File != "" {
			claims[p.File] = append(claims[p.File], cl)
		}
	}
	for name := range claims {
		if !slices.ContainsFunc(c.Files, func(f File) bool { return f.Name == name }) {
			return nil, fmt.Errorf("private value names file %s, which is not in the bundle", name)
		}
	}
	return claims, nil
}

// sums is what one reading of a file shows.
type sums struct {
	commitment string
	sha256     string
	size       int64
	wrong      []string // the claims the content does not bear out
}

// digest reads a file once, copying it to w.
func (f File) digest(salt [32]byte, claims []claim, w io.Writer) (_ sums, err error) {
	r, err := f.Open()
	if err != nil {
		return sums{}, fmt.Errorf("open: %w", err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return digest(r, salt, claims, w)
}

// digest hashes r with every salt in question in one pass.
func digest(r io.Reader, salt [32]byte, claims []claim, w io.Writer) (sums, error) {
	plain, salted := sha256.New(), sha256.New()
	salted.Write(salt[:])
	to := []io.Writer{w, plain, salted}
	for i := range claims {
		claims[i].hash.Reset()
		claims[i].hash.Write(claims[i].salt[:])
		to = append(to, claims[i].hash)
	}
	size, err := io.Copy(io.MultiWriter(to...), r)
	if err != nil {
		return sums{}, fmt.Errorf("read: %w", err)
	}
	s := sums{size: size, commitment: hex.EncodeToString(salted.Sum(nil)), sha256: hex.EncodeToString(plain.Sum(nil))}
	for _, c := range claims {
		if hex.EncodeToString(c.hash.Sum(nil)) != c.want {
			s.wrong = append(s.wrong, c.label)
		}
	}
	return s, nil
}

func lines(events []Logged) []byte {
	var b []byte
	for _, l := range events {
		b = append(append(b, l.Line...), '\n')
	}
	return b
}

func eventKey(stream string, n int64) string {
	return fmt.Sprintf("%s/%d", stream, n)
}

// streamNames lists the streams of a head.
func (h Head) streamNames() []string {
	var names []string
	for _, t := range h.Streams {
		names = append(names, t.Stream)
	}
	return names
}

// fileNames lists the files of a head, sorted.
func (h Head) fileNames() []string {
	return slices.Sorted(maps.Keys(h.Files))
}
