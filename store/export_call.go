package store

import (
	"slices"

	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/evidence"
)

// callTold is one telephone call as its events tell it. The recording is not in the bundle: its digest
// proves it wherever it lies.
type callTold struct {
	Event     int64          `json:"event"` // the number of the newest event that tells of it
	Call      string         `json:"call"`
	Direction string         `json:"direction,omitempty"`
	StartedAt string         `json:"started_at,omitempty"`
	EndedAt   string         `json:"ended_at,omitempty"`
	Recording *recordingTold `json:"recording,omitempty"`
}

type recordingTold struct {
	Event  int64  `json:"event"`
	SHA256 string `json:"sha256"`
	Type   string `json:"type"`
	Bytes  int64  `json:"bytes"`
	At     string `json:"at"`
}

func (r *recounted) call(e evidence.Event) {
	i := slices.IndexFunc(r.calls, func(c callTold) bool { return c.Call == said(e, "call") })
	if i < 0 {
		i = len(r.calls)
		r.calls = append(r.calls, callTold{Event: e.N, Call: said(e, "call")})
	}
	c := &r.calls[i]
	if e.Type == tickets.EventRecording {
		bytes, _ := e.Data["bytes"].(int64)
		c.Recording = &recordingTold{Event: e.N, SHA256: said(e, "sha256"), Type: said(e, "type"), Bytes: bytes, At: said(e, "at")}
		return
	}
	c.Event, c.Direction, c.StartedAt, c.EndedAt = e.N, said(e, "direction"), said(e, "started_at"), said(e, "ended_at")
}
