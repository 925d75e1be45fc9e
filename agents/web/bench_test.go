package web_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
)

// BenchmarkPages asks for the queue of 1,000 running tickets and for one ticket, over HTTP and with
// the session that every page saves.
func BenchmarkPages(b *testing.B) {
	h := setup(b)
	h.hire(b)
	for i := range 1000 {
		h.mail(b, func(tk *tickets.Ticket, _ *tickets.Message) {
			at := h.clock.now().Add(time.Duration(i) * time.Hour)
			tk.NextChargeAt = &at
		})
	}
	agent := h.as(b, "agent")
	for name, path := range map[string]string{"queue": "/tickets", "ticket": "/tickets/CD-000500"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if got := h.get(b, agent, path); got.status != http.StatusOK {
					b.Fatalf("status %d", got.status)
				}
			}
		})
	}
}
