package evidence

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// proofs is what ties events and head to the checkpoint.
type proofs struct {
	events []eventProof
	head   headProof
	// earlier is a signed checkpoint published before, empty for none, and
	// extends proves that the log only grew since.
	earlier string
	extends tlog.TreeProof
}

type eventProof struct {
	stream string
	n      int64
	index  int64
	proof  tlog.RecordProof
}

type headProof struct {
	leaf  Head
	index int64
	proof tlog.RecordProof
}

type proofsWire struct {
	Earlier struct {
		Checkpoint string   `json:"checkpoint"`
		Proof      []string `json:"proof"`
	} `json:"earlier"`
	Events []eventProofWire `json:"events"`
	Head   struct {
		Index int64           `json:"index"`
		Leaf  json.RawMessage `json:"leaf"`
		Proof []string        `json:"proof"`
	} `json:"head"`
}

type eventProofWire struct {
	Index  int64    `json:"index"`
	N      int64    `json:"n"`
	Proof  []string `json:"proof"`
	Stream string   `json:"stream"`
}

func (p proofs) canonical() ([]byte, error) {
	events := make([]any, 0, len(p.events))
	for _, e := range p.events {
		events = append(events, map[string]any{"index": e.index, "n": e.n, "proof": hexHashes(e.proof), "stream": e.stream})
	}
	line, err := canonical(map[string]any{
		"earlier": map[string]any{"checkpoint": p.earlier, "proof": hexHashes(p.extends)},
		"events":  events,
		"head":    map[string]any{"index": p.head.index, "leaf": p.head.leaf.value(), "proof": hexHashes(p.head.proof)},
	})
	if err != nil {
		return nil, fmt.Errorf("proofs: %w", err)
	}
	return append(line, '\n'), nil
}

func parseProofs(content []byte) (proofs, error) {
	var w proofsWire
	var p proofs
	err := decodeStrict(content, &w, func() (_ []byte, err error) {
		if p, err = w.proofs(); err != nil {
			return nil, err
		}
		return p.canonical()
	})
	if err != nil {
		return proofs{}, err
	}
	return p, nil
}

func (w proofsWire) proofs() (p proofs, err error) {
	p.earlier, p.head.index = w.Earlier.Checkpoint, w.Head.Index
	if p.extends, err = parseHashes(w.Earlier.Proof); err != nil {
		return proofs{}, fmt.Errorf("earlier checkpoint: %w", err)
	}
	if p.head.leaf, err = ParseHead(w.Head.Leaf); err != nil {
		return proofs{}, err
	}
	if p.head.proof, err = parseHashes(w.Head.Proof); err != nil {
		return proofs{}, fmt.Errorf("head: %w", err)
	}
	for _, e := range w.Events {
		hashes, err := parseHashes(e.Proof)
		if err != nil {
			return proofs{}, fmt.Errorf("event %.100s/%d: %w", e.Stream, e.N, err)
		}
		p.events = append(p.events, eventProof{stream: e.Stream, n: e.N, index: e.Index, proof: hashes})
	}
	return p, nil
}

// prove computes all proofs of a draft at the checkpoint's size. It reads
// the tree hashes with one call and checks what it computed, so that a broken
// store is found at the export and not by the receiver.
func (d Draft) prove(headIndex int64, c Checkpoint, hashes tlog.HashReader, earlier Checkpoint) (proofs, error) {
	var asked recorder
	if _, err := d.proofsFrom(Log{size: c.Size, hashes: &asked}, headIndex, earlier.Size); err != nil {
		return proofs{}, err
	}
	slices.Sort(asked.indexes)
	known, err := readAll(hashes, slices.Compact(asked.indexes))
	if err != nil {
		return proofs{}, err
	}
	p, err := d.proofsFrom(Log{size: c.Size, hashes: known}, headIndex, earlier.Size)
	if err != nil {
		return proofs{}, err
	}
	for i, e := range p.events {
		if err := tlog.CheckRecord(e.proof, c.Size, c.Root, e.index, tlog.RecordHash(d.events[i].Line)); err != nil {
			return proofs{}, fmt.Errorf("event %s/%d is not in the log at %d: %w", e.stream, e.n, e.index, err)
		}
	}
	leaf, err := d.Head.Canonical()
	if err != nil {
		return proofs{}, err
	}
	if err := tlog.CheckRecord(p.head.proof, c.Size, c.Root, headIndex, tlog.RecordHash(leaf)); err != nil {
		return proofs{}, fmt.Errorf("the head is not in the log at %d: %w", headIndex, err)
	}
	if earlier.Size > 0 {
		if err := tlog.CheckTree(p.extends, c.Size, c.Root, earlier.Size, earlier.Root); err != nil {
			return proofs{}, fmt.Errorf("the log does not extend the earlier checkpoint: %w", err)
		}
	}
	return p, nil
}

func (d Draft) proofsFrom(log Log, headIndex, earlier int64) (p proofs, err error) {
	for _, l := range d.events {
		e, err := ParseEvent(l.Line)
		if err != nil {
			return proofs{}, err
		}
		proof, err := log.Inclusion(l.Index)
		if err != nil {
			return proofs{}, err
		}
		p.events = append(p.events, eventProof{stream: e.Stream, n: e.N, index: l.Index, proof: proof})
	}
	p.head = headProof{leaf: d.Head, index: headIndex}
	if p.head.proof, err = log.Inclusion(headIndex); err != nil {
		return proofs{}, err
	}
	if earlier > 0 {
		p.extends, err = log.Consistency(earlier)
	}
	return p, err
}

// recorder is a HashReader that notes what is asked and answers with empty
// hashes: computing a proof asks the same whatever the answers are.
type recorder struct{ indexes []int64 }

// ReadHashes implements tlog.HashReader.
func (r *recorder) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	r.indexes = append(r.indexes, indexes...)
	return make([]tlog.Hash, len(indexes)), nil
}

func hexHashes(hashes []tlog.Hash) []string {
	out := make([]string, 0, len(hashes))
	for _, h := range hashes {
		out = append(out, hex.EncodeToString(h[:]))
	}
	return out
}

func parseHashes(in []string) ([]tlog.Hash, error) {
	var out []tlog.Hash
	for _, s := range in {
		if !isDigest(s) {
			return nil, errors.New("a proof holds something that is not a hash")
		}
		var h tlog.Hash
		if _, err := hex.Decode(h[:], []byte(s)); err != nil {
			return nil, err
		}
		out = append(out, h)
	}
	return out, nil
}
