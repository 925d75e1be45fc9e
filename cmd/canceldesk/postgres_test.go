package main

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/store/postgrestest"
)

// TestSpineOverPostgres is the spine over the other database.
func TestSpineOverPostgres(t *testing.T) {
	t.Parallel()
	d := newTestDesk(t, postgrestest.Start(t))
	d.spine(nil, 60, 90)
}

// TestOneOfTwoServersIsKilled: two servers read one mailbox and work on one PostgreSQL. The one that
// reads is killed in the middle, and the other does the rest: every mail once, every stop once.
func TestOneOfTwoServersIsKilled(t *testing.T) {
	t.Parallel()
	d := newTestDesk(t, postgrestest.Start(t))
	now := time.Now()
	list, lines := members(60, now)
	d.importMembers(lines)
	// One mail of each, because a second one means something else before and after the first was worked on.
	asked := requests(list, 60, rand.New(rand.NewPCG(3, 4)))
	deliver := func(part []request) {
		for _, r := range part {
			d.dovecot.DeliverAt(testUser, "INBOX", customerMail(r.mail, now), now.Add(-time.Minute))
		}
	}
	deliver(asked[:40])
	servers := []*child{d.start("serve", "--roles", "poll,work"), d.start("serve", "--roles", "poll,work")}

	db := d.open()
	until(t, childLimit, "work is going on", func() bool {
		return count(t, db, "SELECT COUNT(*) FROM effects WHERE state = 'done'") > 5
	})
	holder := column(t, db, "SELECT holder FROM leases")
	if len(holder) != 1 {
		t.Fatalf("the leases are of %v", holder)
	}
	var survivor *child
	for i, s := range servers {
		if strings.HasSuffix(holder[0], "/"+strconv.Itoa(s.cmd.Process.Pid)) {
			s.signal(syscall.SIGKILL)
			<-s.ended
			survivor = servers[1-i]
		}
	}
	if survivor == nil {
		t.Fatalf("the mailbox's holder %s is neither server", holder[0])
	}
	deliver(asked[40:])
	want := expectedStops(asked)
	until(t, childLimit, "the other server has done the rest", func() bool {
		return count(t, db, "SELECT COUNT(*) FROM intake") == len(asked) &&
			count(t, db, "SELECT COUNT(*) FROM jobs WHERE state = 'running' OR state = 'ready' AND run_at < '"+soon(time.Now())+"'") == 0
	})
	survivor.signal(syscall.SIGTERM)
	survivor.mustEnd(0)

	if diff := cmp.Diff(want, column(t, db, "SELECT subscription_id FROM biller_calls WHERE kind = 'stop' ORDER BY 1")); diff != "" {
		t.Errorf("stopped at the biller (-want +got):\n%s", diff)
	}
	if n := count(t, db, "SELECT COUNT(*) FROM tickets"); n != len(asked) {
		t.Errorf("%d mails of as many people made %d tickets", len(asked), n)
	}
	d.onceEach(1)
	d.verifyAll()
}
