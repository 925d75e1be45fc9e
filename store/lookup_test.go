package store_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/store/platform"
	"github.com/canceldesk/canceldesk/tickets"
)

func lookupPromises() []promise {
	return []promise{
		{"a look-up is answered from what was remembered, and asked anew in time", func(t *testing.T, b bundle) {
			var asked atomic.Int32
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				asked.Add(1)
				_, _ = w.Write([]byte(`{"items":[{"account_no":"u2","phone":"13800000000"},{"account_no":"u1","phone":"13800000000"}]}`))
			}))
			t.Cleanup(srv.Close)
			now := b.at
			clock := func() time.Time { return now }
			c, err := platform.NewClient(srv.URL, "12345678901234567890123456789012", time.Minute, clock)
			must(t, err)
			hash := func(s string) string { return s }
			d := platform.NewDirectory(platform.DirectoryConfig{
				DB: b.Conn(), Client: c, Cache: time.Minute, Hash: hash, Now: clock,
				Put: func(ctx context.Context, s account.Sync) error {
					_, _, err := b.PutAccount(ctx, s, hash, now)
					return err
				},
			})
			for i, want := range []int32{1, 1, 2} {
				if i == 2 {
					now = now.Add(time.Minute)
				}
				got, err := d.Find(b.ctx(), tickets.ByPhone, "138 0000 0000")
				must(t, err)
				if diff := cmp.Diff([]string{"u1", "u2"}, got); diff != "" || asked.Load() != want {
					t.Errorf("look-up %d: asked %d times, want %d\n%s", i, asked.Load(), want, diff)
				}
				if _, err := d.Find(b.ctx(), tickets.ByAccount, "u1"); err != nil || asked.Load() != want {
					t.Errorf("by number: asked %d times, %v", asked.Load(), err)
				}
			}
		}},
	}
}
