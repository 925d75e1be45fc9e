package main

import (
	"database/sql"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/store/postgrestest"
)

// pair is two servers over one PostgreSQL and one mailbox that holds many mails.
type pair struct {
	*testDesk
	db      *sql.DB
	mails   []benchMail
	servers []*child
}

// newPair starts both and waits until one is in the middle of the mailbox.
func newPair(t testing.TB, mails int) *pair {
	t.Helper()
	p := &pair{testDesk: newTestDesk(t, postgrestest.Start(t)), mails: ownMails(mails, time.Now())}
	for _, m := range p.mails {
		p.dovecot.Deliver(testUser, "INBOX", m.raw)
	}
	p.db = p.open()
	for range 2 {
		p.servers = append(p.servers, p.start("serve", "--roles", "poll"))
	}
	until(t, childLimit, "a server reads the mailbox", func() bool { return p.stored() > 0 })
	return p
}

func (p *pair) stored() int { return count(p.t, p.db, "SELECT COUNT(*) FROM intake") }

// strike does something to the server that holds the mailbox, and returns both. The mailbox must be held,
// and not read to its end, when it happens.
func (p *pair) strike(s syscall.Signal) (holder, other *child) {
	p.t.Helper()
	held := column(p.t, p.db, "SELECT holder FROM leases WHERE expires_at > clock_timestamp()")
	if len(held) != 1 {
		p.t.Fatalf("the mailbox is held by %v; a mailbox of more mails is needed", held)
	}
	for i, server := range p.servers {
		if strings.HasSuffix(held[0], "/"+strconv.Itoa(server.cmd.Process.Pid)) {
			holder, other = server, p.servers[1-i]
		}
	}
	if holder == nil {
		p.t.Fatalf("the holder %s is neither server", held[0])
	}
	holder.signal(s)
	return holder, other
}

// once checks that every mail was taken in, and none twice.
func (p *pair) once() {
	p.t.Helper()
	seen := column(p.t, p.db, "SELECT message_id FROM intake WHERE outcome IN ('ticket', 'appended') ORDER BY message_id")
	want := map[string]int{}
	for _, m := range p.mails {
		want[m.id]++
	}
	got := map[string]int{}
	for _, id := range seen {
		got[id]++
	}
	if diff := cmp.Diff(want, got); diff != "" {
		p.t.Errorf("mails by how often they were taken in (-want +got):\n%s", diff)
	}
	if n, m := count(p.t, p.db, "SELECT COUNT(*) FROM messages WHERE direction = 'inbound'"), len(p.mails); n != m {
		p.t.Errorf("%d mails made %d messages", m, n)
	}
	if n := p.astray(p.mails); n != 0 {
		p.t.Errorf("%d mails lie in another case than the mail they answer", n)
	}
	p.must("work", "--drain")
	p.must("evidence", "audit")
}

// TestAnotherServerGoesOnWhereOneEnds: of two servers on one mailbox the one that reads it dies, or
// freezes and comes back when the other has gone on. Nothing is lost, and nothing happens twice.
func TestAnotherServerGoesOnWhereOneEnds(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]syscall.Signal{"killed": syscall.SIGKILL, "frozen": syscall.SIGSTOP} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t, 1000)
			holder, other := p.strike(s)
			before := p.stored()
			until(t, childLimit, "the other has read the rest", func() bool { return p.stored() == len(p.mails) })
			if before == len(p.mails) {
				t.Fatal("nothing was left to take over")
			}
			if s == syscall.SIGSTOP {
				// It goes on where it was, with mails in its hands that are stored by now: the fence keeps it
				// from storing them again, and it reads what comes next as every server does.
				holder.signal(syscall.SIGCONT)
				other.signal(syscall.SIGTERM)
				other.mustEnd(0)
				late := ownMail("late@mail.example", "one more", "late@mail.example", "", "请关闭自动续费", nil, time.Now())
				p.dovecot.Deliver(testUser, "INBOX", late)
				p.mails = append(p.mails, benchMail{raw: late, id: "late@mail.example", root: -1})
				until(t, childLimit, "the one that was frozen reads again", func() bool { return p.stored() == len(p.mails) })
				other = holder
			}
			other.signal(syscall.SIGTERM)
			other.mustEnd(0)
			p.once()
		})
	}
}

// BenchmarkTakeover kills the server that is in the middle of a mailbox and tells how long it takes until
// the other stores its first mail. More than 30 s is a failure.
func BenchmarkTakeover(b *testing.B) {
	const limit = 30 * time.Second
	var slowest time.Duration
	for range b.N {
		b.StopTimer()
		p := newPair(b, 1000)
		holder, other := p.strike(syscall.SIGKILL)
		<-holder.ended
		before := p.stored()
		began := time.Now()
		b.StartTimer()
		until(b, limit, "the other server stores a mail", func() bool { return p.stored() > before })
		b.StopTimer()
		slowest = max(slowest, time.Since(began))
		until(b, childLimit, "the other has read the rest", func() bool { return p.stored() == len(p.mails) })
		other.signal(syscall.SIGTERM)
		other.mustEnd(0)
		p.once()
		b.StartTimer()
	}
	b.ReportMetric(slowest.Seconds(), "slowest-s")
}
