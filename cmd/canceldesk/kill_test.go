package main

import (
	"database/sql"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The environment of the kill test.
const (
	killsEnv = "CANCELDESK_KILLS" // how many kills; set, the whole mailbox is used
	seedEnv  = "CANCELDESK_SEED"  // what an earlier run printed, to have its kills again
)

// killPlan is a mailbox and how often the desk is killed over it.
type killPlan struct {
	kills, accounts, mails int
	foreign                bool // the corpus too, where there is one
	seed                   uint64
}

// killPlanOf is the short form, or the long one where the environment says how many kills.
func killPlanOf(t *testing.T) killPlan {
	t.Helper()
	p := killPlan{kills: 4, accounts: 40, mails: 60, seed: rand.Uint64()}
	if s := os.Getenv(killsEnv); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			t.Fatalf("%s is %q; it must be a number above 0", killsEnv, s)
		}
		p = killPlan{kills: n, accounts: 200, mails: 300, foreign: os.Getenv("CANCELDESK_CORPUS") != "", seed: p.seed}
	}
	if s := os.Getenv(seedEnv); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatalf("%s is %q; it must be a number as an earlier run printed", seedEnv, s)
		}
		p.seed = n
	}
	t.Logf("%d kills, %d mails of %d accounts, %s=%d", p.kills, p.mails, p.accounts, seedEnv, p.seed)
	return p
}

// delivery is one mail as it lies in the mailbox.
type delivery struct {
	raw []byte
	at  time.Time
}

// mailbox is the plan's mail in two rounds: the second has the second mails of those who wrote in the
// first, which mean something else before and after the first were worked on.
func (p killPlan) mailbox(t *testing.T, now time.Time) (accounts []byte, rounds [2][]delivery) {
	t.Helper()
	list, accounts := members(p.accounts, now)
	if p.foreign {
		for _, raw := range corpus(t) {
			rounds[0] = append(rounds[0], delivery{raw, now.Add(-time.Hour)})
		}
	}
	for i, r := range requests(list, p.mails, rand.New(rand.NewPCG(p.seed, 1))) {
		rounds[i/p.accounts] = append(rounds[i/p.accounts], delivery{customerMail(r.mail, now), now.Add(-time.Minute)})
	}
	return accounts, rounds
}

// TestKillAnywhereLeavesTheSameEnd: `poll --once` and `work --drain` are killed at random points, and
// in the end the desk has done what it does without kills, each thing once.
func TestKillAnywhereLeavesTheSameEnd(t *testing.T) {
	t.Parallel()
	plan, now := killPlanOf(t), time.Now()
	accounts, rounds := plan.mailbox(t, now)

	calm := newTestDesk(t, "")
	calm.importMembers(accounts)
	for _, mails := range rounds {
		calm.deliver(mails)
		calm.finish()
	}
	killed := newTestDesk(t, "")
	killed.importMembers(accounts)
	k := &killer{testDesk: killed, db: killed.open(), r: rand.New(rand.NewPCG(plan.seed, 2)), moments: map[string]int{}}
	first := (plan.kills*3/4 + 1) / 2 * 2 // most while most mails come
	for i, mails := range rounds {
		k.round(mails, []int{first, plan.kills - first}[i])
	}
	if diff := cmp.Diff(calm.outcome(calm.open()), killed.outcome(k.db)); diff != "" {
		t.Errorf("with kills it ends otherwise (-without +with):\n%s", diff)
	}
	calm.onceEach(0)
	killed.onceEach(plan.kills)
	killed.verifyAll()
	t.Logf("killed: %v", k.moments)
}

// deliver puts mails into the mailbox.
func (d *testDesk) deliver(mails []delivery) {
	d.t.Helper()
	for _, m := range mails {
		d.dovecot.DeliverAt(testUser, "INBOX", m.raw, m.at)
	}
}

// finish reads what is there and works until nothing waits for its time any more that comes soon: a
// job whose row somebody else had just changed is tried again a second later.
func (d *testDesk) finish() {
	d.t.Helper()
	d.must("poll", "--once")
	db := d.open()
	until(d.t, childLimit, "no job is left", func() bool {
		d.must("work", "--drain")
		return count(d.t, db, "SELECT COUNT(*) FROM jobs WHERE state = 'running' OR state = 'ready' AND run_at < '"+soon(time.Now())+"'") == 0
	})
}

// soon is ten seconds on, as both databases compare it: waits of the runbook are longer, retries of a
// conflict shorter.
func soon(now time.Time) string {
	return now.UTC().Add(10 * time.Second).Format("2006-01-02 15:04:05+00:00")
}

// killer kills a desk's commands.
type killer struct {
	*testDesk
	db      *sql.DB
	r       *rand.Rand
	moments map[string]int // how many kills at which sort of moment
}

// moment is something that grows while a command works. A kill waits until it has grown by a random
// amount, at most by within.
type moment struct {
	name, query string
	within      int
}

// pollMoments are counts that grow while so many mails are read: a mail is in the blobs before it is in
// the ledger, and in both with the others of its batch.
func pollMoments(mails int) []moment {
	const batch = 100
	return []moment{
		{"lease", "SELECT COALESCE(MAX(token), 0) FROM leases", 1},
		{blobs, "", mails / batch},
		{"intake", "SELECT COUNT(*) FROM intake", mails - batch},
		{"events", "SELECT COUNT(*) FROM events", 1},
	}
}

// workMoments are counts that grow while so many jobs are run, and mostly by more: a mail has left
// before it is recorded, and a channel was called before its answer is.
func workMoments(jobs int) []moment {
	return []moment{
		{"events", "SELECT COUNT(*) FROM events", 3 * jobs},
		{"effects begun", "SELECT COUNT(*) FROM effects", jobs / 4},
		{"effects done", "SELECT COUNT(*) FROM effects WHERE state = 'done'", jobs / 4},
		{"ended at the channel", "SELECT COUNT(*) FROM ledger_agreements WHERE state = 'terminated'", jobs / 8},
		{"jobs done", "SELECT COUNT(*) FROM jobs WHERE state = 'done'", jobs},
		{"log", "SELECT COUNT(*) FROM log_leaves", 2 * jobs},
		{"outbox", "SELECT COUNT(*) FROM outgoing", jobs / 4},
		{mailed, "", jobs / 4},
	}
}

const (
	blobs  = "blobs" // counted outside the database, as mailed is
	mailed = "mails"
)

// value is how far a moment's count has grown.
func (k *killer) value(m moment) int {
	k.t.Helper()
	switch m.name {
	case mailed:
		return len(k.smtp.Messages())
	case blobs:
		files, err := filepath.Glob(filepath.Join(k.blobs, "*"))
		if err != nil {
			k.t.Fatal(err)
		}
		return len(files)
	}
	return count(k.t, k.db, m.query)
}

// round delivers the mails in portions, kills the two commands in turn while they work on them, and
// lets both come to their end.
func (k *killer) round(mails []delivery, kills int) {
	k.t.Helper()
	portion := len(mails) / max((kills+1)/2, 1)
	for i := range kills {
		if i%2 == 0 {
			k.deliver(mails[:portion])
			mails = mails[portion:]
			k.kill(func() []moment { return pollMoments(portion) }, "poll", "--once")
			continue
		}
		k.must("poll", "--once")
		k.kill(func() []moment { return workMoments(count(k.t, k.db, waiting)) }, "work", "--drain")
	}
	k.deliver(mails)
	k.finish()
}

const waiting = "SELECT COUNT(*) FROM jobs WHERE state IN ('ready', 'running') AND kind = 'ticket.run'"

// kill starts the command and kills it at a random moment. A command that was faster is started again,
// for the one moment that comes whatever there is to do, or the next that does.
func (k *killer) kill(moments func() []moment, args ...string) {
	k.t.Helper()
	const tries = 10
	for try := range tries {
		list := moments()
		m := list[k.r.IntN(len(list))]
		if try > 0 && args[0] == "poll" {
			m = list[0]
		}
		at := k.value(m) + 1 + k.r.IntN(max(m.within, 1))
		if k.start(args...).killWhen(func() bool { return k.value(m) >= at }) {
			k.moments[args[0]+" at "+m.name]++
			return
		}
		k.moments[args[0]+" was faster"]++
		if args[0] == "work" { // nothing is left to kill it at, so the other command takes its place
			moments, args = func() []moment { return pollMoments(0) }, []string{"poll", "--once"}
		}
	}
	k.t.Fatalf("%v always ended before it could be killed: %v", args, k.moments)
}
