package evidence

import (
	"errors"
	"fmt"
)

// Tip is the end of a stream at one moment.
type Tip struct {
	// Stream is the stream's name.
	Stream string
	// Count is how many events it has.
	Count int64
	// LastHash is the Hash of the last one.
	LastHash string
}

// CheckStream reads the canonical lines of one whole stream in order and
// returns its tip. The first line that is not an event, belongs to another
// stream, is out of turn, or does not name the hash of the line before it is
// an error; so is a stream without events.
func CheckStream(lines [][]byte) (Tip, error) {
	var tip Tip
	for _, line := range lines {
		e, err := ParseEvent(line)
		if err != nil {
			return Tip{}, fmt.Errorf("after event %d: %w", tip.Count, err)
		}
		if tip, err = tip.next(e, line); err != nil {
			return Tip{}, err
		}
	}
	if tip.Count == 0 {
		return Tip{}, errors.New("a stream has at least one event")
	}
	return tip, nil
}

// next follows the stream by one event.
func (t Tip) next(e Event, line []byte) (Tip, error) {
	switch {
	case t.Count > 0 && e.Stream != t.Stream:
		return Tip{}, fmt.Errorf("event %s/%d stands in stream %s", e.Stream, e.N, t.Stream)
	case e.N != t.Count+1:
		return Tip{}, fmt.Errorf("event %s/%d stands where %d should be", e.Stream, e.N, t.Count+1)
	case e.Prev != t.LastHash:
		return Tip{}, fmt.Errorf("event %s/%d does not follow from the one before it", e.Stream, e.N)
	}
	return Tip{Stream: e.Stream, Count: e.N, LastHash: Hash(line)}, nil
}
