package evidence

import (
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// maxLeaves bounds the size of a log. No desk gets there; beyond it the tree
// arithmetic of tlog would not end.
const maxLeaves = 1 << 50

// Log is the Merkle tree (RFC 6962) at one size. It holds no hashes: it reads
// them, in batches, through a tlog.HashReader which the store implements over
// a table of hashes by stored index (see tlog.StoredHashIndex).
type Log struct {
	size   int64
	hashes tlog.HashReader
}

// Appended is what has to be stored for an append to be done, in the same
// transaction as the leaves: Hashes[i] under stored index At+i, and the new
// size.
type Appended struct {
	// First is the index of the first new leaf; the others follow it.
	First int64
	// Size is the number of leaves afterwards.
	Size int64
	// At is the stored index of Hashes[0].
	At int64
	// Hashes are the new tree hashes, about two for each leaf.
	Hashes []tlog.Hash
}

// NewLog returns the log with size leaves whose hashes are read from hashes.
func NewLog(size int64, hashes tlog.HashReader) (Log, error) {
	if size < 0 || size > maxLeaves {
		return Log{}, fmt.Errorf("log size %d is out of range", size)
	}
	return Log{size: size, hashes: hashes}, nil
}

// Append computes what adding the leaves changes. It reads in one call the
// stored hashes that the new ones are made with, one on average for a single
// leaf and never more than log₂(size), and writes nothing: two appends to the same size exclude each other, which the
// caller's transaction has to see to.
func (l Log) Append(leaves ...[]byte) (Appended, error) {
	if l.size+int64(len(leaves)) > maxLeaves {
		return Appended{}, fmt.Errorf("log of %d leaves is full", l.size)
	}
	known, err := l.frontier(int64(len(leaves)))
	if err != nil {
		return Appended{}, fmt.Errorf("append to log: %w", err)
	}
	a := Appended{First: l.size, Size: l.size, At: tlog.StoredHashCount(l.size)}
	for _, leaf := range leaves {
		hashes, err := tlog.StoredHashes(a.Size, leaf, known)
		if err != nil {
			return Appended{}, fmt.Errorf("append to log: %w", err)
		}
		for _, h := range hashes {
			known[a.At+int64(len(a.Hashes))] = h
			a.Hashes = append(a.Hashes, h)
		}
		a.Size++
	}
	return a, nil
}

// Root returns the tree's root hash; the empty log has one as well.
func (l Log) Root() (tlog.Hash, error) {
	root, err := tlog.TreeHash(l.size, l.hashes)
	if err != nil {
		return tlog.Hash{}, fmt.Errorf("root of log: %w", err)
	}
	return root, nil
}

// Inclusion returns the proof that the leaf with this index is in the log.
func (l Log) Inclusion(index int64) (tlog.RecordProof, error) {
	proof, err := tlog.ProveRecord(l.size, index, l.hashes)
	if err != nil {
		return nil, fmt.Errorf("prove leaf %d of %d: %w", index, l.size, err)
	}
	return proof, nil
}

// Consistency returns the proof that the log is an extension of the one it
// was at an earlier size ≥ 1.
func (l Log) Consistency(earlier int64) (tlog.TreeProof, error) {
	proof, err := tlog.ProveTree(l.size, earlier, l.hashes)
	if err != nil {
		return nil, fmt.Errorf("prove that log of %d extends %d: %w", l.size, earlier, err)
	}
	return proof, nil
}

// frontier reads those roots of the complete subtrees the log consists of
// that more leaves will complete to larger ones.
func (l Log) frontier(more int64) (hashMap, error) {
	var indexes []int64
	for rest, start := l.size, int64(0); rest > 0; {
		level := bits.Len64(uint64(rest)) - 1
		if parentEnd := (l.size>>(level+1) + 1) << (level + 1); parentEnd <= l.size+more {
			indexes = append(indexes, tlog.StoredHashIndex(level, start>>level))
		}
		start += 1 << level
		rest -= 1 << level
	}
	return readAll(l.hashes, indexes)
}

// hashMap is a HashReader over hashes already read.
type hashMap map[int64]tlog.Hash

// ReadHashes implements tlog.HashReader.
func (m hashMap) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		h, ok := m[index]
		if !ok {
			return nil, fmt.Errorf("tree hash %d was not read", index)
		}
		hashes[i] = h
	}
	return hashes, nil
}

// readAll fetches the hashes with one call.
func readAll(r tlog.HashReader, indexes []int64) (hashMap, error) {
	m := make(hashMap, len(indexes))
	if len(indexes) == 0 {
		return m, nil
	}
	hashes, err := r.ReadHashes(indexes)
	if err != nil {
		return nil, fmt.Errorf("read tree hashes: %w", err)
	}
	if len(hashes) != len(indexes) {
		return nil, fmt.Errorf("read tree hashes: %d asked, %d given", len(indexes), len(hashes))
	}
	for i, index := range indexes {
		m[index] = hashes[i]
	}
	return m, nil
}
