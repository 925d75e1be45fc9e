package evidence

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/tlog"
)

// Event is one fact of a stream: what was received, decided, about to be
// done, done or answered. Its canonical bytes are a leaf of the log and are
// never written twice or changed.
type Event struct {
	// Stream is the ticket's number, such as CD-000123, or "desk" for what
	// belongs to no ticket.
	Stream string
	// N counts 1, 2, … within the stream.
	N int64
	// At is the instant, hashed with the offset of its own zone and cut to
	// microseconds.
	At time.Time
	// Type says what happened, in dotted lower case: cancel.about_to.
	Type string
	// Actor says who: desk, customer, agent:amy, key:3.
	Actor string
	// Data holds ids, states, reasons and amounts (integer fen); never
	// personal data.
	Data map[string]any
	// Private maps the name of a personal value to its commitment, as made
	// by Commit; value and salt are kept aside, where they can be erased.
	Private map[string]string
	// Prev is the Hash of the stream's event N-1, empty for the first.
	Prev string
}

// eventWire is the shape of an event in JSON.
type eventWire struct {
	Actor   string            `json:"actor"`
	At      string            `json:"at"`
	Data    map[string]any    `json:"data"`
	N       int64             `json:"n"`
	Prev    string            `json:"prev"`
	Private map[string]string `json:"private"`
	Stream  string            `json:"stream"`
	Type    string            `json:"type"`
}

// Canonical returns the event as one JSON line without a newline: keys in
// sorted order, UTF-8, integers only, times as RFC 3339 with offset. Equal
// events give equal bytes. An event that breaks a rule of its fields, or
// holds a float or a map without string keys, is an error.
func (e Event) Canonical() ([]byte, error) {
	if err := e.check(); err != nil {
		return nil, fmt.Errorf("event %s/%d: %w", e.Stream, e.N, err)
	}
	line, err := canonical(map[string]any{
		"actor":   e.Actor,
		"at":      e.At,
		"data":    e.Data,
		"n":       e.N,
		"prev":    e.Prev,
		"private": e.Private,
		"stream":  e.Stream,
		"type":    e.Type,
	})
	if err != nil {
		return nil, fmt.Errorf("event %s/%d: %w", e.Stream, e.N, err)
	}
	return line, nil
}

// ParseEvent reads what Canonical wrote and refuses everything else, also
// JSON that means the same but is spelled otherwise. Numbers in Data come
// back as int64, lists as []any, objects as map[string]any.
func ParseEvent(line []byte) (Event, error) {
	var w eventWire
	var e Event
	err := decodeStrict(line, &w, func() ([]byte, error) {
		at, err := parseStamp(w.At)
		if err != nil {
			return nil, err
		}
		if _, err := integers(w.Data); err != nil {
			return nil, err
		}
		e = Event{Stream: w.Stream, N: w.N, At: at, Type: w.Type, Actor: w.Actor, Data: w.Data, Private: w.Private, Prev: w.Prev}
		return e.Canonical()
	})
	if err != nil {
		return Event{}, fmt.Errorf("parse event: %w", err)
	}
	return e, nil
}

// Hash returns the leaf hash of canonical bytes in hex (RFC 6962, section
// 2.1): what the next event of the stream names as Prev.
func Hash(canonical []byte) string {
	h := tlog.RecordHash(canonical)
	return hex.EncodeToString(h[:])
}

// Commit returns the commitment to content: SHA-256 over the salt followed by
// the content, in hex. A fresh random salt for every value keeps short values
// from being guessed, and makes erasing the salt erase the link.
func Commit(salt [32]byte, content []byte) string {
	h := sha256.New()
	h.Write(salt[:])
	h.Write(content)
	return hex.EncodeToString(h.Sum(nil))
}

// Commitment is a commitment that was made ahead of the event that holds it.
type Commitment struct {
	Salt   [32]byte
	Digest string // Commit(Salt, content); "" is no commitment
}

// Seal commits to content under a fresh salt. A large original is sealed as soon as it is read, so that
// it need not be kept in memory until its event is written.
func Seal(content []byte) Commitment {
	var c Commitment
	_, _ = rand.Read(c.Salt[:]) // never fails: where the machine has no randomness the program ends
	c.Digest = Commit(c.Salt, content)
	return c
}

func (e Event) check() error {
	if err := checkStream(e.Stream); err != nil {
		return err
	}
	if e.N < 1 {
		return errors.New("n counts from 1")
	}
	if !isWord(e.Type, "._-", 64) {
		return fmt.Errorf("type %q is not a short dotted name", e.Type)
	}
	if e.Actor == "" || len(e.Actor) > 200 || !utf8.ValidString(e.Actor) {
		return errors.New("actor is empty, too long or not UTF-8")
	}
	if e.N == 1 && e.Prev != "" {
		return errors.New("the first event of a stream has no prev")
	}
	if e.N > 1 && !isDigest(e.Prev) {
		return errors.New("prev is not a hash")
	}
	for name, digest := range e.Private {
		if !isDigest(digest) {
			return fmt.Errorf("private %q is not a digest", name)
		}
	}
	return nil
}

// checkStream keeps stream names to what fits a file name and a terminal.
func checkStream(name string) error {
	if !isWord(name, "._:-", 100) {
		return fmt.Errorf("stream %q is not a short name of letters, digits and ._:-", name)
	}
	return nil
}

// isWord tells whether s has 1 to limit bytes, all of them ASCII letters,
// digits or one of extra.
func isWord(s, extra string, limit int) bool {
	if s == "" || len(s) > limit {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && strings.IndexByte(extra, c) < 0 {
			return false
		}
	}
	return true
}
