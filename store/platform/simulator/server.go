package simulator

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// bodyLimit is the longest request that is read.
const bodyLimit = 1 << 20

// Handler answers what the desk asks of a platform (DESIGN.md 6.3), on the same address for accounts
// and billing, and beside it, with `Authorization: Bearer SECRET`:
//
//	PUT  /admin/faults         a JSON array of Fault: trouble on command
//	POST /admin/tick           a look of the debit clock now
//	GET  /admin/debits?after=  every debit that was made
func (s *Simulator) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, op := range []string{"hold", "release", "stop", "terminate", "refund"} {
		mux.HandleFunc("POST /"+op, func(w http.ResponseWriter, r *http.Request) {
			var o order
			s.signed(w, r, op, &o, func(ctx context.Context, f Fault) (any, error) {
				if o.Key == "" {
					return nil, errors.New("key is missing")
				}
				return s.carryOut(ctx, op, o, f)
			})
		})
	}
	mux.HandleFunc("POST /query", func(w http.ResponseWriter, r *http.Request) {
		var o order
		s.signed(w, r, "query", &o, func(ctx context.Context, _ Fault) (any, error) { return s.query(ctx, o) })
	})
	mux.HandleFunc("POST /lookup", func(w http.ResponseWriter, r *http.Request) {
		var q struct{ By, Value string }
		s.signed(w, r, "lookup", &q, func(ctx context.Context, _ Fault) (any, error) {
			list, err := s.lookup(ctx, q.By, q.Value)
			return map[string]any{"items": list, "next_cursor": ""}, err
		})
	})
	mux.HandleFunc("PUT /admin/faults", s.own(func(r *http.Request) (any, error) {
		var faults []Fault
		if err := json.NewDecoder(io.LimitReader(r.Body, bodyLimit)).Decode(&faults); err != nil {
			return nil, fmt.Errorf("faults: %w", err)
		}
		s.SetFaults(faults...)
		return map[string]int{"faults": len(faults)}, nil
	}))
	mux.HandleFunc("POST /admin/tick", s.own(func(r *http.Request) (any, error) {
		made, err := s.Tick(r.Context())
		return map[string]int{"debits": made}, err
	}))
	mux.HandleFunc("GET /admin/debits", s.own(func(r *http.Request) (any, error) {
		after, _ := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64) // nothing is from the start
		items, err := s.Debits(r.Context(), after)
		return map[string]any{"items": items}, err
	}))
	return mux
}

// signed answers a request of the desk's once its signature was checked, with the trouble that was
// commanded.
func (s *Simulator) signed(w http.ResponseWriter, r *http.Request, op string, in any, do func(ctx context.Context, f Fault) (any, error)) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	if err := s.secret.Verify(r.Header, body, s.now()); err != nil {
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	if err := json.Unmarshal(body, in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	f := s.fault(op)
	if f.Kind == Down {
		http.Error(w, "down on command", http.StatusServiceUnavailable)
		return
	}
	// Whoever asked may have given up by now; what he asked for happens all the same.
	out, err := do(context.WithoutCancel(r.Context()), f)
	switch {
	case errors.Is(err, errKeyReused):
		http.Error(w, err.Error(), http.StatusConflict)
		return
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	switch f.Kind {
	case Lost:
		panic(http.ErrAbortHandler)
	case Slow:
		s.pause(r.Context(), f.Delay)
	}
	send(w, out)
}

// pause waits, at most until the platform or the request ends.
func (s *Simulator) pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	case <-s.closed:
	}
}

// own answers a request of whoever runs the simulator.
func (s *Simulator) own(do func(r *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok || subtle.ConstantTimeCompare([]byte(given), []byte(s.admin)) != 1 {
			http.Error(w, "send Authorization: Bearer and the secret", http.StatusUnauthorized)
			return
		}
		out, err := do(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		send(w, out)
	}
}

func send(w http.ResponseWriter, out any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(out) // whoever asked may have gone
}
