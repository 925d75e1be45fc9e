package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/store/platform/simulator"
)

// simulated is the platform simulator in a process of its own, which is killed and comes back.
type simulated struct {
	*child
	d               *testDesk
	dir             string
	address, secret string
	members         int
}

// simulatedMinute is how long a simulated minute lasts: every member is debited once in it.
const simulatedMinute = time.Second

// simulate starts the platform.
func simulate(t *testing.T, members int) *simulated {
	t.Helper()
	d := newSettings(t)
	s := &simulated{d: d, dir: filepath.Join(d.dir, "platform"), address: "http://127.0.0.1:0", members: members}
	s.run()
	return s
}

// run starts the platform where it was before.
func (s *simulated) run() {
	t := s.d.t
	t.Helper()
	s.child = s.d.start("simulator", "--addr", strings.TrimPrefix(s.address, "http://"), "--dir", s.dir,
		"--members", strconv.Itoa(s.members), "--tick", simulatedMinute.String())
	told := s.told()
	s.address = told["url"]
	var err error
	if s.secret, err = readLine(told["secret_file"]); err != nil {
		t.Fatal(err)
	}
}

// trouble replaces what goes wrong on command.
func (s *simulated) trouble(faults ...simulator.Fault) {
	t := s.d.t
	t.Helper()
	raw, err := json.Marshal(faults)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, s.address+"/admin/faults", bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.secret)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("faults: %d", res.StatusCode)
	}
}

// debits are all that the platform ever made.
func (s *simulated) debits(t *testing.T) []debit {
	t.Helper()
	var all []debit
	for after := int64(0); ; {
		var page struct {
			Items []struct {
				Seq int64
				debit
			}
		}
		getJSON(t, fmt.Sprintf("%s/admin/debits?after=%d", s.address, after), s.secret, &page)
		if len(page.Items) == 0 {
			return all
		}
		for _, x := range page.Items {
			all, after = append(all, x.debit), x.Seq
		}
	}
}

// open looks into the platform's own database.
func (s *simulated) open() *sql.DB {
	return s.d.connect("sqlite3", "file:"+filepath.Join(s.dir, "platform.db")+"?mode=ro&_busy_timeout=10000")
}

// off says since when neither the platform nor an agreement can debit a subscription, by its own books.
func (s *simulated) off(t *testing.T) func(subscription string) time.Time {
	t.Helper()
	at := map[string]time.Time{}
	for _, line := range column(t, s.open(), `SELECT s.id || ' ' || MAX(MIN(o.at), a.ended_at) FROM subscriptions s
		JOIN agreements a ON a.id = s.agreement_id AND a.state = 'terminated'
		JOIN orders o ON o.subscription_id = s.id AND o.op = 'stop' AND o.state = 'done'
		WHERE NOT s.auto_renew GROUP BY s.id`) {
		var id string
		var milli int64
		if _, err := fmt.Sscan(line, &id, &milli); err != nil {
			t.Fatal(err)
		}
		at[id] = time.UnixMilli(milli)
	}
	return func(subscription string) time.Time { return at[subscription] }
}

// simMember is a seeded member of the platform, from 1.
func simMember(n int) *asker {
	return &asker{
		member: member{no: fmt.Sprintf("SIM%05d", n), email: simulator.MemberMail(n), subscriptions: []string{fmt.Sprintf("SIM-S-%05d", n)}},
		txn:    fmt.Sprintf("TSIM-C-%05d-0", n),
	}
}

// Of a platform's members, how many ask for nothing, and how long its calls may take.
const (
	bystanders  = 20
	callsMayBe  = time.Second
	backAtTheir = 30 * time.Second // how soon after the platform is back everything has ended
)

// TestNobodyIsDebitedAgainByAPlatform: people ask by mail, chat and phone while a platform over HTTP debits
// everybody every simulated minute. Its answers get lost or come too late, debits are on their way when the
// stop comes, it hangs, is killed and comes back. Nobody is told that it is off before it is, nobody who was
// told is debited again but for what the answer named, and all ends right after it is back.
func TestNobodyIsDebitedAgainByAPlatform(t *testing.T) {
	t.Parallel()
	n := requestCount(t)
	sim := simulate(t, n+bystanders)
	var people []*asker
	for i := range n {
		people = append(people, simMember(i+1))
	}
	c := newCrowd(t, people, fmt.Sprintf(`accounts: { source: http, url: %q, secret: %q, timeout: %s }
billing: { mode: http, url: %q, secret: %q, timeout: %s }
`, sim.address, sim.secret, callsMayBe, sim.address, sim.secret, callsMayBe), func(*testDesk) {})
	mei, db := c.person("mei", phonePassword), c.open()
	few := max(n/30, 2)
	sim.trouble(
		simulator.Fault{On: "stop", Kind: simulator.InFlight, Times: 3 * few},
		simulator.Fault{On: "stop", Kind: simulator.Lost, Times: few},
		simulator.Fault{On: "stop", Kind: simulator.Slow, Delay: 3 * callsMayBe, Times: few},
		simulator.Fault{On: "stop", Kind: simulator.Down, Times: few},
		simulator.Fault{On: "terminate", Kind: simulator.Lost, Times: few},
		simulator.Fault{On: "query", Kind: simulator.Down, Times: few},
		simulator.Fault{On: "lookup", Kind: simulator.Slow, Delay: 2 * callsMayBe, Times: few},
	)
	began := time.Now()
	later := c.ask(people[:n/2])
	cases := func(query string, atLeast int) func() bool {
		return func() bool { return count(t, db, query) >= atLeast }
	}
	until(t, childLimit, "some are stopped", cases("SELECT COUNT(*) FROM effects WHERE kind = 'biller.stop' AND state = 'done'", n/6))

	// It hangs: who calls it gets no answer, and nobody knows what became of the call.
	noAnswer := "SELECT COALESCE(SUM(attempts), 0) FROM effects WHERE detail = 'no answer'"
	before := count(t, db, noAnswer)
	sim.signal(syscall.SIGSTOP)
	later = append(later, c.ask(people[n/2:2*n/3])...)
	until(t, childLimit, "calls get no answer", func() bool { return count(t, db, noAnswer) > before })
	sim.signal(syscall.SIGCONT)

	// It is killed, and gone for a while.
	until(t, childLimit, "more are stopped", cases("SELECT COUNT(*) FROM effects WHERE kind = 'biller.stop' AND state = 'done'", n/3))
	sim.signal(syscall.SIGKILL)
	<-sim.child.ended
	gone := time.Now()
	later = append(later, c.ask(people[2*n/3:])...)
	until(t, childLimit, "the desk has asked in vain again and again",
		cases("SELECT COALESCE(MAX(unavailable), 0) FROM jobs WHERE state = 'ready'", 5))
	sim.run()
	back := time.Now()
	took := c.settled(mei, childLimit, func() { later = c.ask(later) })
	if took > backAtTheir {
		t.Errorf("everything ended %s after the platform was back", took.Round(time.Millisecond))
	}
	t.Logf("%s in all; the platform was gone for %s, and %s after it was back every case was solved",
		time.Since(began).Round(time.Millisecond), back.Sub(gone).Round(time.Millisecond), took.Round(time.Millisecond))

	// Every stop holds.
	solved := time.Now()
	until(t, childLimit, "five simulated minutes pass", func() bool { return time.Since(solved) > 5*simulatedMinute })
	debits := sim.debits(t)
	c.verdict(debits, sim.off(t))
	var rest []string
	for i := range bystanders {
		rest = append(rest, simMember(n+i+1).subscription())
	}
	others(t, debits, rest, solved)
}
