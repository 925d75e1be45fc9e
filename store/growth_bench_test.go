package store_test

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/store"
	"github.com/canceldesk/canceldesk/store/postgrestest"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/evidence"
)

// BenchmarkGrowth asks what the hot paths cost in a database that holds 10³, 10⁴ and 10⁵ cases already,
// each with a message and an event in the log: receive stores 50 mails of new senders in one batch,
// list gives the first page of the queue, counts the size of each of its views, seal numbers and signs 50 new events.
func BenchmarkGrowth(b *testing.B) {
	for _, engine := range []struct {
		name string
		url  func(*testing.B) string
		rows []uint32
	}{
		{"sqlite", func(b *testing.B) string { return "sqlite:" + filepath.Join(b.TempDir(), "desk.db") }, []uint32{1e3, 1e4, 1e5}},
		{"postgres", func(b *testing.B) string { return postgrestest.Start(b) }, []uint32{1e3, 1e4}},
	} {
		for _, rows := range engine.rows {
			b.Run(fmt.Sprintf("%s/%d", engine.name, rows), func(b *testing.B) {
				g := newGrown(b, engine.url(b))
				for g.uid < rows {
					g.receive(b, 500)
				}
				g.seal(b)
				b.Run("receive", func(b *testing.B) {
					for b.Loop() {
						g.receive(b, 50)
					}
				})
				b.Run("list", func(b *testing.B) {
					for b.Loop() {
						if list, _, err := g.Tickets(b.Context(), tickets.Filter{}); err != nil || len(list) != 50 {
							b.Fatalf("%d tickets: %v", len(list), err)
						}
					}
				})
				b.Run("counts", func(b *testing.B) {
					for b.Loop() {
						if _, err := g.Counts(b.Context(), "amy"); err != nil {
							b.Fatal(err)
						}
					}
				})
				b.Run("seal", func(b *testing.B) {
					g.seal(b)
					for range b.N {
						b.StopTimer()
						g.receive(b, 50)
						b.StartTimer()
						g.seal(b)
					}
				})
			})
		}
	}
}

// grown is a desk over a database that is being filled.
type grown struct {
	bundle
	desk  *tickets.Desk
	log   *store.Log
	fence int64
	uid   uint32
}

func newGrown(b *testing.B, url string) *grown {
	b.Helper()
	db, err := store.Open(b.Context(), url)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	if err := db.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	key, _, err := evidence.GenerateKey(sameBytes{}, "desk.example/evidence")
	if err != nil {
		b.Fatal(err)
	}
	signer, err := evidence.NewSigner(key)
	if err != nil {
		b.Fatal(err)
	}
	g := &grown{bundle: bundle{DB: db, tb: b, at: time.Date(2026, 7, 1, 9, 30, 0, 0, time.UTC)}}
	g.desk, g.log = g.bundle.desk(), store.NewLog(db, signer, func() time.Time { return g.at })
	if g.fence, _, err = db.AcquireLease(b.Context(), "service", "bench", time.Hour); err != nil {
		b.Fatal(err)
	}
	return g
}

// sameBytes is no secret, and needs to be none.
type sameBytes struct{}

// Read fills p.
func (sameBytes) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(i)
	}
	return len(p), nil
}

// receive takes in the next n mails, of senders whose addresses are spread over the index.
func (g *grown) receive(b *testing.B, n int) {
	b.Helper()
	mails := make([]tickets.Incoming, n)
	for i := range mails {
		g.uid++
		sum := fmt.Sprintf("%x", sha256.Sum256(fmt.Append(nil, g.uid)))
		in := g.incoming(g.uid, sum[:12]+"@example.com")
		in.Fingerprint, in.Message.MessageID, in.Message.Assurance = sum, sum[12:40]+"@example.com", 1
		in.Message.At = g.at.Add(time.Duration(g.uid) * time.Second)
		mails[i] = in
	}
	if _, err := g.desk.Receive(b.Context(), g.mails(1, g.fence, mails...)); err != nil {
		b.Fatal(err)
	}
}

// seal numbers and signs what is new.
func (g *grown) seal(b *testing.B) {
	b.Helper()
	size, err := g.log.Seal(b.Context())
	if err != nil || size != int64(g.uid) {
		b.Fatalf("the log has %d leaves of %d mails: %v", size, g.uid, err)
	}
}
