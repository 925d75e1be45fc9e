package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/evidence"
)

type logHead struct {
	ID        int64 `gorm:"primaryKey"`
	Canonical []byte
	At        time.Time
}

// logHeadStream repeats what a head says of one stream, so that a stream's heads are found.
type logHeadStream struct {
	HeadID   int64  `gorm:"primaryKey;autoIncrement:false"`
	Stream   string `gorm:"primaryKey"`
	Count    int64
	LastHash string
}

// changedMsg is what people are told where the stored evidence contradicts itself.
const changedMsg = "The stored evidence was changed. Run `canceldesk evidence audit` to see what and where."

// changed is the refusal to vouch for evidence that somebody rewrote; why is for operators.
func changed(why error) error {
	return &tickets.Error{Kind: tickets.Conflict, Msg: changedMsg, Err: why}
}

// AppendHead makes the head of an export a leaf of the log and returns its index and the signed
// checkpoint that covers it. Conflict where an earlier head tells of more events of a stream, or of
// others: what was once vouched for is never taken back.
func (l *Log) AppendHead(ctx context.Context, head evidence.Head) (index int64, signed []byte, err error) {
	canonical, err := head.Canonical()
	if err != nil {
		return 0, nil, fmt.Errorf("append the head of an export: %w", err)
	}
	l.one.Lock()
	defer l.one.Unlock()
	err = l.inTurn(ctx, func(g *gorm.DB) error {
		for _, tip := range head.Streams {
			if err := extends(g, tip); err != nil {
				return err
			}
		}
		row := logHead{Canonical: canonical, At: l.now()}
		if err := g.Create(&row).Error; err != nil {
			return err
		}
		streams := make([]logHeadStream, len(head.Streams))
		for i, tip := range head.Streams {
			streams[i] = logHeadStream{HeadID: row.ID, Stream: tip.Stream, Count: tip.Count, LastHash: tip.LastHash}
		}
		if err := createAll(g.Statement.Context, g, streams); err != nil {
			return err
		}
		var err error
		if index, err = logSize(g); err != nil {
			return err
		}
		size, err := l.grow(g, index, [][]byte{canonical}, func(_ int, leaf *logLeaf) { leaf.HeadID = &row.ID })
		if err != nil {
			return err
		}
		var c checkpoint
		if err := g.Take(&c, "size = ?", size).Error; err != nil {
			return err
		}
		signed = c.Note
		return nil
	})
	return index, signed, fail("append the head of an export", err)
}

// extends refuses a tip that is not a continuation of what earlier heads say of its stream.
func extends(g *gorm.DB, tip evidence.Tip) error {
	var earlier []struct {
		HeadID    int64
		Count     int64
		LastHash  string
		Canonical []byte // of the head
		Event     []byte // of the stream's event at that count, as it is stored now
	}
	err := g.Table("log_head_streams").Select("log_head_streams.*", "log_heads.canonical", "events.canonical AS event").
		Joins("LEFT JOIN log_heads ON log_heads.id = log_head_streams.head_id").
		Joins("LEFT JOIN events ON events.stream = log_head_streams.stream AND events.n = log_head_streams.count").
		Where("log_head_streams.stream = ?", tip.Stream).Order("log_head_streams.head_id").Scan(&earlier).Error
	if err != nil {
		return err
	}
	for _, e := range earlier {
		was := evidence.Tip{Stream: tip.Stream, Count: e.Count, LastHash: e.LastHash}
		head, err := evidence.ParseHead(e.Canonical)
		switch {
		case err != nil:
			return changed(fmt.Errorf("head %d: %w", e.HeadID, err))
		case !slices.Contains(head.Streams, was):
			return changed(fmt.Errorf("head %d does not say what is kept of it for %s", e.HeadID, tip.Stream))
		case e.Count > tip.Count:
			return changed(fmt.Errorf("head %d tells of %d events of %s, now there are %d", e.HeadID, e.Count, tip.Stream, tip.Count))
		case evidence.Hash(e.Event) != e.LastHash:
			return changed(fmt.Errorf("event %s/%d is not the one that head %d tells of", tip.Stream, e.Count, e.HeadID))
		}
	}
	return nil
}

// Intact refuses with Conflict where rows of the log, or the events and heads they stand for, are
// gone. It counts and reads no content; Audit reads everything.
func (l *Log) Intact(ctx context.Context) error {
	var is struct{ Leaves, Size, Signed, LostEvents, LostHeads, LostStreams int64 }
	// One statement sees one state, whoever seals meanwhile.
	err := l.db.on(ctx).Raw(`SELECT
		(SELECT COUNT(*) FROM log_leaves) AS leaves,
		(SELECT COALESCE(MAX(leaf_index) + 1, 0) FROM log_leaves) AS size,
		(SELECT COALESCE(MAX(size), 0) FROM checkpoints) AS signed,
		(SELECT COUNT(*) FROM log_leaves WHERE event_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM events WHERE events.id = log_leaves.event_id)) AS lost_events,
		(SELECT COUNT(*) FROM log_leaves WHERE head_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM log_heads WHERE log_heads.id = log_leaves.head_id)) AS lost_heads,
		(SELECT COUNT(*) FROM log_leaves WHERE head_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM log_head_streams WHERE log_head_streams.head_id = log_leaves.head_id)) AS lost_streams`).Scan(&is).Error
	switch {
	case err != nil:
		return fail("look whether the log is whole", err)
	case is.LostEvents+is.LostHeads+is.LostStreams > 0:
		return changed(fmt.Errorf("%d leaves have lost their event, %d their head, %d what their head tells of", is.LostEvents, is.LostHeads, is.LostStreams))
	case is.Leaves != is.Size || is.Size != is.Signed:
		return changed(fmt.Errorf("the log has %d leaves up to %d, and %d are signed", is.Leaves, is.Size, is.Signed))
	}
	return nil
}
