package evidence

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"slices"
)

// Private opens one commitment of an event: the value kept aside and its
// salt. It goes into a bundle only where the receiver may see it.
type Private struct {
	// Stream, N and Name say which commitment.
	Stream string
	N      int64
	Name   string
	// Salt is the one the value was committed with.
	Salt [32]byte
	// Value is the value itself, as UTF-8 text; used where File is empty.
	Value string
	// File names the file of the bundle whose content is the value, such as
	// the raw mail.
	File string
}

type privateWire struct {
	File   string `json:"file"`
	N      int64  `json:"n"`
	Name   string `json:"name"`
	Salt   string `json:"salt"`
	Stream string `json:"stream"`
	Value  string `json:"value"`
}

// claim says that a content matches a commitment of an event.
type claim struct {
	label string
	salt  [32]byte
	want  string
	hash  hash.Hash
}

// claim looks up the commitment in the events and, for a value told in
// words, checks it.
func (p Private) claim(events map[string]Event) (claim, error) {
	label := fmt.Sprintf("%s/%d %s", p.Stream, p.N, p.Name)
	want, ok := events[eventKey(p.Stream, p.N)].Private[p.Name]
	if !ok {
		return claim{}, fmt.Errorf("private value %s: no event holds a commitment for it", label)
	}
	if p.File == "" && Commit(p.Salt, []byte(p.Value)) != want {
		return claim{}, fmt.Errorf("private value %s is not what the event committed to", label)
	}
	return claim{label: label, salt: p.Salt, want: want, hash: sha256.New()}, nil
}

func (p Private) canonical() ([]byte, error) {
	if p.File != "" && p.Value != "" {
		return nil, errors.New("a private value is given either in words or as a file")
	}
	if p.File != "" {
		if err := checkName(p.File); err != nil {
			return nil, err
		}
	}
	return canonical(map[string]any{
		"file": p.File, "n": p.N, "name": p.Name, "salt": hex.EncodeToString(p.Salt[:]),
		"stream": p.Stream, "value": p.Value,
	})
}

// order sorts private values by event and name; no two may be equal in it.
func (p Private) order(q Private) int {
	return cmp.Or(cmp.Compare(p.Stream, q.Stream), cmp.Compare(p.N, q.N), cmp.Compare(p.Name, q.Name))
}

// privateLines writes private.jsonl.
func privateLines(values []Private) ([]byte, error) {
	sorted := slices.SortedFunc(slices.Values(values), Private.order)
	var b []byte
	for i, p := range sorted {
		if i > 0 && sorted[i-1].order(p) == 0 {
			return nil, fmt.Errorf("private value %s/%d %s is given twice", p.Stream, p.N, p.Name)
		}
		line, err := p.canonical()
		if err != nil {
			return nil, fmt.Errorf("private value %s/%d %s: %w", p.Stream, p.N, p.Name, err)
		}
		b = append(append(b, line...), '\n')
	}
	return b, nil
}

// parsePrivate reads private.jsonl and refuses what privateLines would not
// have written.
func parsePrivate(content []byte) ([]Private, error) {
	var values []Private
	for line := range bytes.Lines(content) {
		var w privateWire
		var p Private
		err := decodeStrict(bytes.TrimSuffix(line, []byte("\n")), &w, func() ([]byte, error) {
			salt, err := parseSalt(w.Salt)
			if err != nil {
				return nil, err
			}
			p = Private{Stream: w.Stream, N: w.N, Name: w.Name, Salt: salt, Value: w.Value, File: w.File}
			return p.canonical()
		})
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", len(values)+1, err)
		}
		values = append(values, p)
	}
	again, err := privateLines(values)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(again, content) {
		return nil, errNotCanonical
	}
	return values, nil
}

func parseSalt(s string) (salt [32]byte, err error) {
	if !isDigest(s) {
		return salt, errors.New("a salt is 32 bytes in hex")
	}
	_, err = hex.Decode(salt[:], []byte(s))
	return salt, err
}
