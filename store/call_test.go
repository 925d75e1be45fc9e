package store_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/tickets"
)

func callPromises() []promise {
	return []promise{
		{"a call is stored as it is told of, and found by its id and its case", func(t *testing.T, b bundle) {
			id := b.newTicket(t, nil).ID
			start, end := b.at.Add(-time.Hour), b.at
			want := tickets.Call{
				ID: "c-1", TicketID: id, Direction: tickets.CallCallback, Caller: "139", Agent: "mei", StartedAt: &start, EndedAt: &end, Summary: "s",
				Transcript: "t", FactTries: 2, FactsSeen: "f", At: b.at,
				Recording: tickets.Recording{Ref: "r#0+1", Type: "audio/wav", Bytes: 1, Digest: "d", At: &end},
			}
			b.tx(t, func(tx tickets.Tx) error {
				must(t, tx.InsertCall(b.ctx(), &tickets.Call{ID: "c-1", Direction: tickets.CallInbound, At: b.at}))
				must(t, tx.InsertCall(b.ctx(), &tickets.Call{ID: "stub", Direction: tickets.CallInbound, At: b.at}))
				return tx.SaveCall(b.ctx(), want)
			})
			got, err := b.Call(b.ctx(), "c-1")
			must(t, err)
			list, err := b.Calls(b.ctx(), id)
			must(t, err)
			if diff := cmp.Diff([]tickets.Call{want, want}, append(list, got)); diff != "" {
				t.Error(diff)
			}
			if _, err := b.Call(b.ctx(), "c-9"); !errors.Is(err, tickets.NotFound) {
				t.Errorf("an unknown call: %v", err)
			}
			if stubs, err := b.Calls(b.ctx(), 0); err != nil || len(stubs) != 0 {
				t.Errorf("no case has %d calls: %v", len(stubs), err)
			}
		}},
		{"of two that tell of a call at once one comes first", func(t *testing.T, b bundle) {
			var wg sync.WaitGroup
			results := make(chan error, 20)
			for range 20 {
				wg.Go(func() {
					results <- b.InTx(b.ctx(), func(tx tickets.Tx) error {
						return tx.InsertCall(b.ctx(), &tickets.Call{ID: "c-1", Direction: tickets.CallInbound, At: b.at})
					})
				})
			}
			wg.Wait()
			close(results)
			stored := 0
			for err := range results {
				switch {
				case err == nil:
					stored++
				case !errors.Is(err, tickets.Conflict):
					t.Error(err)
				}
			}
			if stored != 1 {
				t.Errorf("%d were stored, want 1", stored)
			}
		}},
		{"messages take their calls and proofs along to another case", func(t *testing.T, b bundle) {
			from, to := b.newTicket(t, nil).ID, b.newTicket(t, nil).ID
			b.tx(t, func(tx tickets.Tx) error {
				must(t, tx.InsertCall(b.ctx(), &tickets.Call{ID: "c-1", TicketID: from, Direction: tickets.CallInbound, At: b.at}))
				must(t, tx.InsertVerification(b.ctx(), &tickets.Verification{TicketID: from, Scope: "call/c-1", Level: 1, Method: tickets.MethodPaymentFact, At: b.at, ExpiresAt: b.at}))
				return tx.MoveMessages(b.ctx(), from, to)
			})
			calls, err := b.Calls(b.ctx(), to)
			must(t, err)
			proofs, err := b.Verifications(b.ctx(), to)
			must(t, err)
			if len(calls) != 1 || len(proofs) != 1 {
				t.Errorf("%d calls and %d proofs came along", len(calls), len(proofs))
			}
		}},
	}
}
