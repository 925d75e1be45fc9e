package tickets

import (
	"context"
	"encoding/hex"
	"errors"
	"time"
)

// Recording is the audio of a call. Its bytes lie in the blob store; their digest is in the evidence.
type Recording struct {
	Ref    string // blob reference, "" where there is none
	Type   string // such as audio/mpeg, by its own bytes
	Bytes  int64
	Digest string // SHA-256 of the bytes, in hex
	At     *time.Time
}

// Record keeps the recording of a call whose bytes are durably stored already. One that comes before
// its call makes a stub, which the call fills later. kept is false where the call has this very
// recording already, so that the new copy is not needed; another one than it has is Conflict, for a
// recording is evidence and is not exchanged.
func (d *Desk) Record(ctx context.Context, by Actor, callID string, r Recording) (kept bool, err error) {
	if !validCallID(callID) {
		return false, &Error{Kind: Invalid, Msg: badCallID}
	}
	if sum, err := hex.DecodeString(r.Digest); err != nil || len(sum) != 32 || r.Ref == "" {
		return false, &Error{Kind: Invalid, Msg: "A recording needs its digest and its place.", Err: err}
	}
	at := d.now()
	r.At = &at
	for range 2 {
		err = d.store.InTx(ctx, func(tx Tx) (err error) {
			kept, err = record(ctx, tx, by, callID, r, at)
			return err
		})
		if !errors.Is(err, Conflict) {
			break
		}
	}
	return kept && err == nil, err
}

func record(ctx context.Context, tx Tx, by Actor, callID string, r Recording, at time.Time) (bool, error) {
	c, err := tx.Call(ctx, callID)
	switch {
	case errors.Is(err, NotFound):
		return true, tx.InsertCall(ctx, &Call{ID: callID, Direction: CallInbound, Recording: r, At: at})
	case err != nil:
		return false, err
	case c.Recording.Digest == r.Digest:
		return false, nil
	case c.Recording.Ref != "":
		return false, &Error{Kind: Conflict, Msg: "This call has another recording already."}
	}
	c.Recording = r
	if err := tx.SaveCall(ctx, c); err != nil || c.TicketID == 0 {
		return true, err
	}
	t, err := tx.Ticket(ctx, c.TicketID)
	if err != nil {
		return false, err
	}
	return true, tx.Append(ctx, at, recordingRecord(t, c, by))
}

func recordingRecord(t Ticket, c Call, by Actor) Record {
	r := c.Recording
	return Record{
		Stream: t.Number(), Type: EventRecording, Actor: string(by),
		Data: map[string]any{"call": c.ID, "sha256": r.Digest, "type": r.Type, "bytes": r.Bytes, "at": r.At.Format(time.RFC3339)},
	}
}
