package store_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/store"
	"github.com/canceldesk/canceldesk/store/postgrestest"
	"github.com/canceldesk/canceldesk/tickets"
)

// holderEnv makes this test binary a program that leases a mailbox and waits to be killed.
const holderEnv = "STORE_TEST_HOLDER_URL"

func TestMain(m *testing.M) {
	store.WorkIfAsked()
	if url := os.Getenv(holderEnv); url != "" {
		hold(url)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// hold leases the mailbox for an hour, says so and waits until its standard input ends.
func hold(url string) {
	ctx := context.Background()
	db, err := store.Open(ctx, url)
	if err != nil {
		fmt.Fprintln(os.Stdout, err)
		return
	}
	fence, ok, err := db.AcquireLease(ctx, "service", "holder", time.Hour)
	fmt.Fprintln(os.Stdout, fence, ok, err)
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func TestKilledHolderFreesAMailboxOnSQLiteAtOnce(t *testing.T) {
	t.Parallel()
	url := "sqlite:" + filepath.Join(t.TempDir(), "desk.db")
	b := setup(t, url)
	holder := exec.CommandContext(b.ctx(), os.Args[0])
	holder.Env = append(os.Environ(), holderEnv+"="+url)
	in, err := holder.StdinPipe() // ends with this process, and the holder with it
	must(t, err)
	defer in.Close()
	out, err := holder.StdoutPipe()
	must(t, err)
	must(t, holder.Start())
	said, err := bufio.NewReader(out).ReadString('\n')
	must(t, err)
	if said != "1 true <nil>\n" {
		t.Fatalf("the holder said %q", said)
	}
	_, ok, err := b.AcquireLease(b.ctx(), "service", "node-1", time.Minute)
	must(t, err)
	if ok {
		t.Fatal("a leased mailbox was leased again")
	}
	must(t, holder.Process.Kill())
	if err := holder.Wait(); err == nil {
		t.Fatal("the holder ended by itself")
	}
	if fence := b.lease(t); fence != 2 {
		t.Errorf("fence is %d, want 2", fence)
	}
}

func TestLeaseOnPostgresEndsWithItsLife(t *testing.T) {
	t.Parallel()
	b := setup(t, postgrestest.Start(t))
	fence, ok, err := b.AcquireLease(b.ctx(), "service", "gone", time.Second)
	must(t, err)
	if !ok || fence != 1 {
		t.Fatalf("got fence %d, %v", fence, ok)
	}
	deadline, cancel := context.WithTimeout(b.ctx(), time.Minute)
	defer cancel()
	for ok = false; !ok; {
		if fence, ok, err = b.AcquireLease(deadline, "service", "next", time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	if fence != 2 {
		t.Errorf("fence is %d, want 2", fence)
	}
	wantKind(t, b.RenewLease(b.ctx(), "service", 1, time.Minute), tickets.Conflict)
}

func TestCutConnectionIsUnavailable(t *testing.T) {
	t.Parallel()
	b := setup(t, postgrestest.Start(t))
	err := b.InTx(b.ctx(), func(tx tickets.Tx) error {
		x := b.ticket()
		must(t, tx.InsertTicket(b.ctx(), &x))
		must(t, b.ReadConn().Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()").Error)
		return tx.SaveTicket(b.ctx(), &x)
	})
	wantKind(t, err, tickets.Unavailable)
	b.newTicket(t, nil) // on a new connection
}
