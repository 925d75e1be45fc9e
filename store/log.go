package store

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/canceldesk/canceldesk/tickets/evidence"
)

// Log numbers events into the Merkle log and signs it. Every event that was committed is waiting in
// log_pending, put there by a trigger, until it has its number.
type Log struct {
	db     *DB
	signer note.Signer
	now    func() time.Time
	one    sync.Mutex // callers of one process seal one after the other, so that one pass serves several
}

// NewLog makes the log's sequencer. signer signs its checkpoints and gives the log its name.
func NewLog(db *DB, signer note.Signer, now func() time.Time) *Log {
	return &Log{db: db, signer: signer, now: now}
}

type logLeaf struct {
	LeafIndex int64  `gorm:"primaryKey;autoIncrement:false"`
	EventID   *int64 // nil for the head of an export
	HeadID    *int64
}

type logHash struct {
	HashIndex int64 `gorm:"primaryKey;autoIncrement:false"`
	Hash      []byte
}

type checkpoint struct {
	Size int64 `gorm:"primaryKey;autoIncrement:false"`
	Note []byte
	At   time.Time
}

// TableName is where it is kept.
func (logLeaf) TableName() string { return "log_leaves" }

// TableName is where it is kept.
func (logHash) TableName() string { return "log_hashes" }

// sealBatch bounds one transaction of the sequencer.
const sealBatch = 500

// sequencerLock is the PostgreSQL advisory lock that makes sequencers take turns; on SQLite the one
// writer does.
const sequencerLock = 7264

// Seal numbers every event that was committed before the call, signs a checkpoint over them where
// there are new ones, and returns the log's size.
func (l *Log) Seal(ctx context.Context) (int64, error) {
	l.one.Lock()
	defer l.one.Unlock()
	for {
		var size int64
		var more bool
		err := l.inTurn(ctx, func(g *gorm.DB) (err error) {
			size, more, err = l.sealSome(g)
			return err
		})
		if err != nil || !more {
			return size, fail("seal the log", err)
		}
	}
}

// inTurn runs f in a transaction that no other sequencer's runs beside.
func (l *Log) inTurn(ctx context.Context, f func(g *gorm.DB) error) error {
	return l.db.writer.WithContext(ctx).Transaction(func(g *gorm.DB) error {
		if l.db.dialect == postgresDialect {
			if err := g.Exec("SELECT pg_advisory_xact_lock(?)", sequencerLock).Error; err != nil {
				return err
			}
		}
		return f(g)
	})
}

// sealSome numbers one batch and reports whether there may be more.
func (l *Log) sealSome(g *gorm.DB) (size int64, more bool, err error) {
	// Ascending ids, which are each stream's own order: within a stream the chain's unique place makes
	// a later event wait for the commit of the one before.
	// Asked for in two steps: joined, SQLite looks through all events for those that wait.
	var waiting []int64
	if err := g.Table("log_pending").Order("event_id").Limit(sealBatch).Pluck("event_id", &waiting).Error; err != nil {
		return 0, false, err
	}
	var events []Event
	if len(waiting) > 0 {
		if err := g.Select("id", "canonical").Order("id").Find(&events, "id IN ?", waiting).Error; err != nil {
			return 0, false, err
		}
	}
	if size, err = logSize(g); err != nil || len(events) == 0 {
		return size, false, err
	}
	lines := make([][]byte, len(events))
	ids := make([]int64, len(events))
	for i, e := range events {
		lines[i], ids[i] = e.Canonical, e.ID
	}
	if size, err = l.grow(g, size, lines, func(i int, leaf *logLeaf) { leaf.EventID = &ids[i] }); err != nil {
		return 0, false, err
	}
	if err := g.Exec("DELETE FROM log_pending WHERE event_id IN ?", ids).Error; err != nil {
		return 0, false, err
	}
	return size, len(events) == sealBatch, nil
}

// grow adds leaves to the log, stores what the tree gains, and signs the new size.
func (l *Log) grow(g *gorm.DB, size int64, lines [][]byte, of func(i int, leaf *logLeaf)) (int64, error) {
	tree, err := evidence.NewLog(size, hashReader{g})
	if err != nil {
		return 0, err
	}
	grown, err := tree.Append(lines...)
	if err != nil {
		return 0, err
	}
	leaves := make([]logLeaf, len(lines))
	for i := range leaves {
		leaves[i].LeafIndex = grown.First + int64(i)
		of(i, &leaves[i])
	}
	hashes := make([]logHash, len(grown.Hashes))
	for i, h := range grown.Hashes {
		hashes[i] = logHash{HashIndex: grown.At + int64(i), Hash: slices.Clone(h[:])}
	}
	if err := createAll(g.Statement.Context, g, leaves); err != nil {
		return 0, err
	}
	if err := createAll(g.Statement.Context, g, hashes); err != nil {
		return 0, err
	}
	return grown.Size, l.sign(g, grown.Size)
}

// sign stores a signed checkpoint over the log at a size.
func (l *Log) sign(g *gorm.DB, size int64) error {
	tree, err := evidence.NewLog(size, hashReader{g})
	if err != nil {
		return err
	}
	root, err := tree.Root()
	if err != nil {
		return err
	}
	signed, err := evidence.SignCheckpoint(evidence.Checkpoint{Origin: l.signer.Name(), Size: size, Root: root}, l.signer)
	if err != nil {
		return err
	}
	return g.Clauses(clause.OnConflict{DoNothing: true}).Create(&checkpoint{Size: size, Note: signed, At: l.now()}).Error
}

// logSize is the number of leaves.
func logSize(g *gorm.DB) (int64, error) {
	var size int64
	err := g.Model(&logLeaf{}).Select("COALESCE(MAX(leaf_index) + 1, 0)").Scan(&size).Error
	return size, err
}

// Hashes reads the log's tree for proofs.
func (l *Log) Hashes(ctx context.Context) tlog.HashReader { return hashReader{l.db.on(ctx)} }

// Logged returns a stream's events with their places in the log. Unavailable where one has none yet:
// Seal first.
func (l *Log) Logged(ctx context.Context, stream string) ([]evidence.Logged, error) {
	var rows []struct {
		LeafIndex *int64
		Canonical []byte
	}
	err := l.db.on(ctx).Model(&Event{}).Select("log_leaves.leaf_index", "events.canonical").
		Joins("LEFT JOIN log_leaves ON log_leaves.event_id = events.id").
		Where("events.stream = ?", stream).Order("events.n").Scan(&rows).Error
	if err != nil {
		return nil, fail("logged events", err)
	}
	out := make([]evidence.Logged, len(rows))
	for i, r := range rows {
		if r.LeafIndex == nil {
			return nil, fail("logged events", fmt.Errorf("event %d of %s is not numbered yet", i+1, stream))
		}
		out[i] = evidence.Logged{Index: *r.LeafIndex, Line: r.Canonical}
	}
	return out, nil
}

// hashReader reads tree hashes by their stored index.
type hashReader struct{ g *gorm.DB }

// ReadHashes returns the hashes in the order of the indexes.
func (h hashReader) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make(map[int64]tlog.Hash, len(indexes))
	for part := range slices.Chunk(indexes, rowsPerInsert) {
		var rows []logHash
		if err := h.g.Find(&rows, "hash_index IN ?", part).Error; err != nil {
			return nil, err
		}
		for _, r := range rows {
			found[r.HashIndex] = tlog.Hash(r.Hash)
		}
	}
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		hash, ok := found[x]
		if !ok {
			return nil, fmt.Errorf("tree hash %d is missing", x)
		}
		out[i] = hash
	}
	return out, nil
}
