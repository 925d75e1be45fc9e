package web_test

import (
	"strings"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/store/platform"
	"github.com/canceldesk/canceldesk/tickets"
)

// furnish stores one of everything else that a route can be about.
func (m *asked) furnish(t *testing.T) {
	t.Helper()
	h, ctx, at := m.h, t.Context(), m.h.clock.now()
	_, _, err := h.desk.Call(ctx, tickets.DeskActor, tickets.CallReport{ID: "pbx-1", Direction: tickets.CallInbound, StartedAt: at.Add(-time.Minute), Summary: "请关闭自动续费。"})
	if err != nil {
		t.Fatal(err)
	}
	audio := []byte("RIFF....WAVEfmt ")
	refs, err := h.blobs.KeepBatch(ctx, [][]byte{audio})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.desk.Record(ctx, tickets.DeskActor, "pbx-1", tickets.Recording{Ref: refs[0], Type: "audio/wav", Bytes: int64(len(audio)), Digest: strings.Repeat("0", 64)}); err != nil {
		t.Fatal(err)
	}
	_, _, err = h.desk.Handoff(ctx, tickets.Handover{ConversationID: "c-1", Lines: []tickets.ChatLine{{ID: "l-1", From: tickets.SaidByCustomer, At: at, Text: "请关闭自动续费"}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := platform.NewPull(h.db.Conn(), h.clock.now).Hold(ctx, "hold/1", account.Hold{SubscriptionID: "S-1", Until: at.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	err = h.db.InTx(ctx, func(tx tickets.Tx) error {
		return tx.RaiseAlarm(ctx, tickets.Alarm{Key: "k", Kind: tickets.AlarmHoldBurst, At: at})
	})
	if err != nil {
		t.Fatal(err)
	}
}
