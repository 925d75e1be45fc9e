package main

import (
	"database/sql"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/mailin/dovecottest"
)

// faultsEnv says how many faults; set, 20 mails arrive for each of them.
const faultsEnv = "CANCELDESK_FAULTS"

// faultPlan is how many mails arrive while how much goes wrong.
type faultPlan struct {
	faults, accounts, mails int
	patience                int // how often a server stays silent for longer than the desk's patience
	seed                    uint64
}

func faultPlanOf(t *testing.T) faultPlan {
	t.Helper()
	p := faultPlan{faults: len(allFaults()), accounts: 40, mails: 150, seed: rand.Uint64()}
	if n := numberIn(t, faultsEnv); n > 0 {
		p = faultPlan{faults: int(n), accounts: 400, mails: 20 * int(n), patience: 2, seed: p.seed}
	}
	if n := numberIn(t, seedEnv); n > 0 {
		p.seed = n
	}
	t.Logf("%d faults, %d mails of %d accounts, %s=%d", p.faults, p.mails, p.accounts, seedEnv, p.seed)
	return p
}

// numberIn is the number above 0 in an environment variable, 0 where it is not set.
func numberIn(t *testing.T, name string) uint64 {
	t.Helper()
	s := os.Getenv(name)
	if s == "" {
		return 0
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n == 0 {
		t.Fatalf("%s is %q; it must be a number above 0", name, s)
	}
	return n
}

// fault is one sort of trouble.
type fault struct {
	name string
	do   func(h *faultHouse)
}

// allFaults are the sorts of trouble. Those of the mail server that takes our mail are armed and happen with
// the next mails; killing the desk is done in two ways, of which one waits for the worst moment.
func allFaults() []fault {
	return []fault{
		{"desk killed", func(h *faultHouse) { h.kill() }},
		{"imap process killed", func(h *faultHouse) { h.dovecot.KillAnyImapProcesses() }},
		{"cut inside a mail", func(h *faultHouse) { h.proxy.CutLiteral(1 + h.r.IntN(700)) }},
		{"all lines cut", func(h *faultHouse) { h.proxy.Cut() }},
		{"server frozen", func(h *faultHouse) { h.freeze(time.Duration(h.r.IntN(1500)) * time.Millisecond) }},
		{"desk killed after the yes to a mail", func(h *faultHouse) { h.killAfterYes() }},
		{"yes to a mail lost", func(h *faultHouse) { h.smtp.Cut(1 + h.r.IntN(3)) }},
		{"mail server hangs", func(h *faultHouse) { h.smtp.Hang(1) }},
		{"4xx after a mail", func(h *faultHouse) { h.smtp.RefuseData(451, 1+h.r.IntN(5)) }},
		{"4xx for a recipient", func(h *faultHouse) { h.smtp.Refuse(h.list[h.r.IntN(len(h.list))].email, 450, 1+h.r.IntN(3)) }},
		{"5xx after a mail", func(h *faultHouse) { h.smtp.RefuseData(554, 1); h.refused++ }},
	}
}

// faultHouse is a desk that serves behind a line that breaks.
type faultHouse struct {
	*testDesk
	db      *sql.DB
	proxy   *dovecottest.Proxy
	r       *rand.Rand
	list    []member
	served  *child
	killed  int
	refused int
	long    int // silences longer than the desk's patience
}

// TestKillAndFaultsLoseNoMail: mails arrive while the desk is killed, its IMAP server is killed and frozen,
// lines are cut in the middle of mails, and the server that takes its answers refuses, hangs and breaks
// off. In the end every mail is in one case, once, and so is every answer.
func TestKillAndFaultsLoseNoMail(t *testing.T) {
	t.Parallel()
	plan, now := faultPlanOf(t), time.Now()
	d := newTestDesk(t, "")
	h := &faultHouse{testDesk: d, proxy: dovecottest.StartProxy(t, d.dovecot.Addr()), r: rand.New(rand.NewPCG(plan.seed, 3)), long: plan.patience}
	d.imap = h.proxy.Addr()
	d.write("")
	var lines []byte
	h.list, lines = members(plan.accounts, now)
	d.importMembers(lines)
	h.db = d.open()
	h.served = d.start("serve", "--roles", "poll,work")

	mails := requests(h.list, plan.mails, rand.New(rand.NewPCG(plan.seed, 1)))
	began, told := time.Now(), map[string]int{}
	for i, f := range h.deck(plan.faults) {
		part := mails[len(mails)*i/plan.faults : len(mails)*(i+1)/plan.faults]
		h.arrive(part, now)
		f.do(h)
		told[f.name]++
	}
	h.smtp.Heal()
	h.settle(plan)
	t.Logf("%d faults in %s: %s; %d literals cut, desk killed %d times", plan.faults, time.Since(began).Round(time.Second), tally(told), h.proxy.Broken(), h.killed)
	h.complete(mails)
	h.onceEach(plan.faults)
	if n := count(t, h.db, "SELECT COUNT(*) FROM outgoing WHERE state = 'failed'"); n > h.refused {
		t.Errorf("%d mails were given up and %d were refused for good", n, h.refused)
	}
	d.must("evidence", "audit")
	d.verifyAll()
}

// deck is so many faults, every sort as often as any other, in an order that the seed decides.
func (h *faultHouse) deck(n int) []fault {
	var out []fault
	for all := allFaults(); len(out) < n; {
		out = append(out, all...)
	}
	h.r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out[:n]
}

// arrive delivers mails and waits until the desk is at a random point in them. It does not wait for long:
// a line that was cut may be waiting for its next try.
func (h *faultHouse) arrive(mails []request, now time.Time) {
	h.t.Helper()
	have := count(h.t, h.db, "SELECT COUNT(*) FROM intake")
	moments := []string{
		"SELECT COUNT(*) - " + strconv.Itoa(have) + " FROM intake",
		"SELECT COUNT(*) - " + strconv.Itoa(count(h.t, h.db, "SELECT COUNT(*) FROM outgoing WHERE state = 'sent'")) + " FROM outgoing WHERE state = 'sent'",
	}
	query, goal := moments[h.r.IntN(len(moments))], h.r.IntN(len(mails)+1)
	for _, m := range mails {
		h.dovecot.DeliverAt(testUser, "INBOX", customerMail(m.mail, now), now.Add(-time.Minute))
	}
	limit := time.NewTimer(2 * time.Second)
	defer limit.Stop()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for count(h.t, h.db, query) < goal {
		select {
		case <-limit.C:
			return
		case <-tick.C:
		}
	}
}

// kill kills the desk where it is and starts it again.
func (h *faultHouse) kill() {
	h.served.signal(syscall.SIGKILL)
	h.restart()
}

// killAfterYes kills the desk between the mail server's yes to a mail and the desk's own note of it. Where no
// mail is under way it is killed all the same.
func (h *faultHouse) killAfterYes() {
	served := h.served
	h.smtp.AfterYes(func() { served.signal(syscall.SIGKILL) })
	limit := time.NewTimer(5 * time.Second)
	defer limit.Stop()
	select {
	case <-served.ended:
	case <-limit.C:
		h.smtp.Heal()
		served.signal(syscall.SIGKILL)
	}
	h.restart()
}

func (h *faultHouse) restart() {
	<-h.served.ended
	h.killed++
	h.served = h.start("serve", "--roles", "poll,work")
}

// freeze stops the IMAP server for a while, or for longer than the desk waits for an answer; then its lines
// are cut as well, so that the silence meets a desk that is talking.
func (h *faultHouse) freeze(d time.Duration) {
	h.dovecot.Freeze()
	if h.long > 0 {
		h.long--
		h.proxy.Cut()
		d = 65 * time.Second
	}
	over := time.NewTimer(d)
	defer over.Stop()
	<-over.C
	h.dovecot.Thaw()
}

// settle waits until every mail is in the ledger and no job waits that is due soon, and stops the desk.
func (h *faultHouse) settle(p faultPlan) {
	h.t.Helper()
	limit := childLimit + time.Duration(p.mails)*200*time.Millisecond
	until(h.t, limit, "every mail is in the ledger", func() bool { return count(h.t, h.db, "SELECT COUNT(*) FROM intake") >= p.mails })
	until(h.t, limit, "no mail waits to be sent and no job is left", func() bool {
		return count(h.t, h.db, "SELECT COUNT(*) FROM outgoing WHERE state = 'queued'") == 0 &&
			count(h.t, h.db, "SELECT COUNT(*) FROM jobs WHERE state = 'running' OR state = 'ready' AND run_at < '"+soon(time.Now())+"'") == 0
	})
	h.served.signal(syscall.SIGTERM)
	h.served.mustEnd(0)
}

// complete checks the ledger: every mail of the folder is in it once, became a case or part of one, and is one
// message of that case.
func (h *faultHouse) complete(mails []request) {
	h.t.Helper()
	var uids, ids []string
	for i, m := range mails {
		uids, ids = append(uids, strconv.Itoa(i+1)), append(ids, m.mail.id)
	}
	outcomes := map[string]int{}
	for _, o := range column(h.t, h.db, "SELECT outcome FROM intake") {
		outcomes[o]++
	}
	h.t.Logf("%d mails became %s", len(mails), tally(outcomes))
	if outcomes["ticket"]+outcomes["appended"] != len(mails) {
		h.t.Errorf("%d mails arrived, and %v is what became of them", len(mails), outcomes)
	}
	if diff := cmp.Diff(uids, column(h.t, h.db, "SELECT uid || '' FROM intake ORDER BY uid")); diff != "" {
		h.t.Errorf("mails in the ledger by UID (-want +got):\n%s", diff)
	}
	said := column(h.t, h.db, "SELECT message_id FROM messages WHERE direction = 'inbound'")
	slices.Sort(ids)
	slices.Sort(said)
	if diff := cmp.Diff(ids, said); diff != "" {
		h.t.Errorf("messages in the cases by Message-ID (-want +got):\n%s", diff)
	}
	if n := count(h.t, h.db, "SELECT COUNT(*) FROM tickets"); n != outcomes["ticket"] {
		h.t.Errorf("%d cases were opened by %d mails", n, outcomes["ticket"])
	}
	if n := count(h.t, h.db, "SELECT COUNT(*) FROM intake i WHERE NOT EXISTS (SELECT 1 FROM messages m WHERE m.ticket_id = i.ticket_id AND m.message_id = i.message_id)"); n != 0 {
		h.t.Errorf("%d rows of the ledger name a case that has not got the mail", n)
	}
}

// tally is counts in words, in a fixed order.
func tally(counts map[string]int) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		out = append(out, fmt.Sprintf("%d %s", counts[k], k))
	}
	return strings.Join(out, ", ")
}
