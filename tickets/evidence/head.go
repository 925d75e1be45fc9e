package evidence

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
)

// Head says what one export holds: how far each exported stream goes and
// which files come with it. It is logged as a leaf of its own before the
// bundle is written, so that neither an event, not even the last, nor a whole
// stream nor a file can be left out or swapped afterwards. It is no event and
// is not counted in any stream.
type Head struct {
	// At is the time of the export.
	At time.Time
	// Files maps the name of each file to its commitment (see Commit); the
	// salts travel in the bundle's manifest.
	Files map[string]string
	// Streams are the tips of the exported streams, sorted by name.
	Streams []Tip
}

type tipWire struct {
	Stream   string `json:"stream"`
	Count    int64  `json:"count"`
	LastHash string `json:"last_hash"`
}

type headWire struct {
	At      string            `json:"at"`
	Files   map[string]string `json:"files"`
	Streams []tipWire         `json:"streams"`
}

// Canonical returns the head as the one JSON line that is logged.
func (h Head) Canonical() ([]byte, error) {
	if err := h.check(); err != nil {
		return nil, fmt.Errorf("head: %w", err)
	}
	line, err := canonical(h.value())
	if err != nil {
		return nil, fmt.Errorf("head: %w", err)
	}
	return line, nil
}

// ParseHead reads what Canonical wrote and refuses everything else.
func ParseHead(line []byte) (Head, error) {
	var w headWire
	var h Head
	err := decodeStrict(line, &w, func() (_ []byte, err error) {
		if h, err = w.head(); err != nil {
			return nil, err
		}
		return h.Canonical()
	})
	if err != nil {
		return Head{}, fmt.Errorf("parse head: %w", err)
	}
	return h, nil
}

func (w headWire) head() (Head, error) {
	at, err := parseStamp(w.At)
	if err != nil {
		return Head{}, err
	}
	h := Head{At: at, Files: w.Files}
	for _, t := range w.Streams {
		h.Streams = append(h.Streams, Tip(t))
	}
	return h, nil
}

func (h Head) value() map[string]any {
	streams := make([]any, 0, len(h.Streams))
	for _, t := range h.Streams {
		streams = append(streams, map[string]any{"count": t.Count, "last_hash": t.LastHash, "stream": t.Stream})
	}
	return map[string]any{"at": h.At, "files": h.Files, "streams": streams}
}

func (h Head) check() error {
	if len(h.Streams) == 0 {
		return errors.New("no stream")
	}
	for i, t := range h.Streams {
		if err := checkStream(t.Stream); err != nil {
			return err
		}
		if i > 0 && h.Streams[i-1].Stream >= t.Stream {
			return errors.New("streams are not sorted or not unique")
		}
		if t.Count < 1 || !isDigest(t.LastHash) {
			return fmt.Errorf("stream %s has no valid count and last hash", t.Stream)
		}
	}
	for name, digest := range h.Files {
		if err := checkName(name); err != nil {
			return err
		}
		if !isDigest(digest) {
			return fmt.Errorf("file %s has no valid digest", name)
		}
	}
	return nil
}

// checkName keeps file names inside a bundle to plain relative paths that
// every system unpacks to the same place: ASCII letters, digits and ._- in
// each part, no part beginning or ending with a dot, no device name.
func checkName(name string) error {
	bad := fmt.Errorf("unsafe file name %q", name)
	if len(name) > 200 || path.Clean(name) != name {
		return bad
	}
	for part := range strings.SplitSeq(name, "/") {
		if !isWord(part, "._-", 100) || part[0] == '.' || part[len(part)-1] == '.' || isDevice(part) {
			return bad
		}
	}
	return nil
}

// isDevice tells whether Windows takes the name for a device and not a file.
func isDevice(part string) bool {
	stem, _, _ := strings.Cut(strings.ToLower(part), ".")
	if slices.Contains([]string{"con", "prn", "aux", "nul"}, stem) {
		return true
	}
	return len(stem) == 4 && (strings.HasPrefix(stem, "com") || strings.HasPrefix(stem, "lpt")) && stem[3] >= '0' && stem[3] <= '9'
}
