package store

import (
	"bytes"
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/canceldesk/canceldesk/tickets/evidence"
)

// Finding is one thing that an audit found in the stored evidence: what was changed, and where.
type Finding struct {
	Where  string // such as "event CD-000012/3", "checkpoint 42"
	Detail string
}

// Audit is what a look at the whole log came to.
type Audit struct {
	Events      int64
	Leaves      int64
	Checkpoints int64
	Findings    []Finding
}

// auditBatch is how many rows an audit reads at a time.
const auditBatch = 1000

// Audit reads the whole stored evidence again: every event against the bytes it was hashed from and
// the chain of its stream, every leaf against the tree, every tree hash against the leaves, and every
// checkpoint against its signature and the tree of its size. It changes nothing. What somebody
// rewrote in the database shows, because the checkpoints were signed with a key that is not there.
func (l *Log) Audit(ctx context.Context, verifier note.Verifier) (Audit, error) {
	a := auditor{log: l, tree: memoryTree{}}
	for _, part := range []func(context.Context) error{
		a.chains, a.leftOut, a.leaves, a.hashes, func(ctx context.Context) error { return a.checkpoints(ctx, verifier) },
	} {
		if err := part(ctx); err != nil {
			return Audit{}, fail("audit the log", err)
		}
	}
	return a.Audit, nil
}

type auditor struct {
	Audit
	log  *Log
	tree memoryTree
}

// memoryTree is the tree as the stored leaves make it.
type memoryTree []tlog.Hash

// ReadHashes returns the hashes at the stored indexes.
func (m memoryTree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		if x < 0 || x >= int64(len(m)) {
			return nil, fmt.Errorf("tree hash %d is missing", x)
		}
		out[i] = m[x]
	}
	return out, nil
}

func (a *auditor) found(where, format string, args ...any) {
	a.Findings = append(a.Findings, Finding{Where: where, Detail: fmt.Sprintf(format, args...)})
}

// chains walks the events of every stream in their order.
func (a *auditor) chains(ctx context.Context) error {
	var stream, prev string
	var n, after int64
	for {
		var rows []Event
		err := a.log.db.on(ctx).Where("(stream, n) > (?, ?)", stream, after).Order("stream, n").Limit(auditBatch).Find(&rows).Error
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, e := range rows {
			if e.Stream != stream {
				stream, prev, n = e.Stream, "", 0
			}
			a.event(e, prev, n+1)
			prev, n, after = evidence.Hash(e.Canonical), e.N, e.N
			a.Events++
		}
	}
}

// event holds one row against its bytes and against the event before it.
func (a *auditor) event(e Event, prev string, n int64) {
	where := fmt.Sprintf("event %s/%d", e.Stream, e.N)
	told, err := evidence.ParseEvent(e.Canonical)
	switch {
	case err != nil:
		a.found(where, "its bytes are no event: %v", err)
	case e.N != n:
		a.found(fmt.Sprintf("event %s/%d", e.Stream, n), "is missing, and all up to %d", e.N-1)
	case told.Prev != prev:
		a.found(where, "does not follow the event before it: one of the two was changed")
	case told.Stream != e.Stream || told.N != e.N || told.Type != e.Type || told.Actor != e.Actor || !told.At.Equal(e.At) || e.Hash != evidence.Hash(e.Canonical):
		a.found(where, "its columns say something else than its bytes")
	}
}

// leftOut names events that neither have a place in the log nor wait for one.
func (a *auditor) leftOut(ctx context.Context) error {
	var rows []Event
	err := a.log.db.on(ctx).Select("stream", "n").
		Where("NOT EXISTS (SELECT 1 FROM log_leaves WHERE log_leaves.event_id = events.id)").
		Where("NOT EXISTS (SELECT 1 FROM log_pending WHERE log_pending.event_id = events.id)").
		Order("id").Limit(auditBatch).Find(&rows).Error
	for _, e := range rows {
		a.found(fmt.Sprintf("event %s/%d", e.Stream, e.N), "was left out of the log")
	}
	return err
}

// leaves makes the tree anew from what is stored now.
func (a *auditor) leaves(ctx context.Context) error {
	for {
		var rows []struct {
			LeafIndex int64
			Event     []byte
			Head      []byte
		}
		err := a.log.db.on(ctx).Table("log_leaves").Select("log_leaves.leaf_index, events.canonical AS event, log_heads.canonical AS head").
			Joins("LEFT JOIN events ON events.id = log_leaves.event_id").Joins("LEFT JOIN log_heads ON log_heads.id = log_leaves.head_id").
			Where("log_leaves.leaf_index >= ?", a.Leaves).Order("log_leaves.leaf_index").Limit(auditBatch).Scan(&rows).Error
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, r := range rows {
			if r.LeafIndex != a.Leaves {
				a.found(fmt.Sprintf("leaf %d", a.Leaves), "is missing, and all up to %d", r.LeafIndex-1)
				return nil
			}
			line := r.Event
			if line == nil {
				line = r.Head
			}
			hashes, err := tlog.StoredHashes(a.Leaves, line, a.tree)
			if err != nil {
				return err
			}
			a.tree = append(a.tree, hashes...)
			a.Leaves++
		}
	}
}

// hashes holds the stored tree against the one the leaves make, and names the leaves that differ.
func (a *auditor) hashes(ctx context.Context) error {
	for next := int64(0); next < int64(len(a.tree)); {
		var rows []logHash // those beyond the leaves' tree belong to leaves that are gone
		err := a.log.db.on(ctx).Where("hash_index >= ?", next).Order("hash_index").Limit(auditBatch).Find(&rows).Error
		if err != nil {
			return err
		}
		for _, r := range rows {
			if r.HashIndex != next || next >= int64(len(a.tree)) {
				break
			}
			if level, leaf := tlog.SplitStoredHashIndex(r.HashIndex); level == 0 && !bytes.Equal(r.Hash, a.tree[next][:]) {
				a.found(fmt.Sprintf("leaf %d", leaf), "is not what was logged: its event was rewritten")
			}
			next++
		}
		if len(rows) == 0 || rows[0].HashIndex > next {
			a.found(fmt.Sprintf("tree hash %d", next), "is missing")
			return nil
		}
	}
	return nil
}

// checkpoints holds each signed size of the log against the tree.
func (a *auditor) checkpoints(ctx context.Context, verifier note.Verifier) error {
	after, newest := int64(0), int64(0)
	for {
		var rows []checkpoint
		if err := a.log.db.on(ctx).Where("size > ?", after).Order("size").Limit(auditBatch).Find(&rows).Error; err != nil {
			return err
		}
		if len(rows) == 0 {
			break
		}
		for _, r := range rows {
			after = r.Size
			a.Checkpoints++
			a.checkpoint(r, verifier)
			newest = r.Size
		}
	}
	if newest != a.Leaves {
		a.found(fmt.Sprintf("checkpoint %d", a.Leaves), "no checkpoint covers the log's %d leaves; the newest is of %d", a.Leaves, newest)
	}
	return nil
}

func (a *auditor) checkpoint(r checkpoint, verifier note.Verifier) {
	where := fmt.Sprintf("checkpoint %d", r.Size)
	told, err := evidence.OpenCheckpoint(r.Note, verifier)
	if err != nil {
		a.found(where, "%v", err)
		return
	}
	if told.Size != r.Size || told.Size > a.Leaves {
		a.found(where, "was signed over %d leaves, and the log has %d: entries were removed", told.Size, a.Leaves)
		return
	}
	tree, err := evidence.NewLog(told.Size, a.tree)
	if err != nil {
		a.found(where, "%v", err)
		return
	}
	if root, err := tree.Root(); err != nil || root != told.Root {
		a.found(where, "was signed over another log: an entry up to %d was rewritten", told.Size-1)
	}
}
