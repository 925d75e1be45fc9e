package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
)

// lockFiles are the files this process holds locked, by mailbox.
type lockFiles struct {
	mu   sync.Mutex
	held map[string]*os.File
}

// AcquireLease makes holder the only reader of a mailbox for the time of life. ok is false where
// somebody else holds it. The fence grows with every lease: what is written under an older one is
// refused (Tx.MoveCursor).
//
// On PostgreSQL the database's clock decides, because the clocks of several nodes differ; a holder
// that died is followed when its life has passed. On SQLite a lock on a file beside the database
// decides, which ends with the process that holds it.
func (d *DB) AcquireLease(ctx context.Context, mailbox, holder string, life time.Duration) (fence int64, ok bool, err error) {
	free := "leases.expires_at <= clock_timestamp()"
	if d.dialect == sqliteDialect {
		if ok, err := d.locks.lock(d.path, mailbox); !ok || err != nil {
			return 0, false, err
		}
		free = "TRUE"
	}
	err = d.writer.WithContext(ctx).Raw(`INSERT INTO leases (mailbox, holder, token, expires_at) VALUES (?, ?, 1, `+d.inFuture()+`)
		ON CONFLICT (mailbox) DO UPDATE SET holder = excluded.holder, token = leases.token + 1, expires_at = excluded.expires_at
		WHERE `+free+` RETURNING token`, mailbox, holder, life.Seconds()).Scan(&fence).Error
	if err != nil {
		if d.dialect == sqliteDialect {
			d.locks.unlock(mailbox)
		}
		return 0, false, fail("acquire lease", err)
	}
	return fence, fence > 0, nil
}

// RenewLease prolongs a lease; Conflict where it was lost to somebody else or had run out.
func (d *DB) RenewLease(ctx context.Context, mailbox string, fence int64, life time.Duration) error {
	held := "expires_at > clock_timestamp()"
	if d.dialect == sqliteDialect {
		held = "TRUE"
	}
	res := d.writer.WithContext(ctx).Exec("UPDATE leases SET expires_at = "+d.inFuture()+" WHERE mailbox = ? AND token = ? AND "+held, life.Seconds(), mailbox, fence)
	if res.Error == nil && res.RowsAffected == 0 {
		return conflict("The mailbox is read by somebody else now.")
	}
	return fail("renew lease", res.Error)
}

// ReleaseLease gives a mailbox to the next; a lease that was lost already is left alone.
func (d *DB) ReleaseLease(ctx context.Context, mailbox string, fence int64) error {
	res := d.writer.WithContext(ctx).Exec("UPDATE leases SET expires_at = "+d.inFuture()+" WHERE mailbox = ? AND token = ?", 0, mailbox, fence)
	if res.Error == nil && res.RowsAffected == 1 && d.dialect == sqliteDialect {
		d.locks.unlock(mailbox)
	}
	return fail("release lease", res.Error)
}

// inFuture is the database's clock a bound number of seconds on.
func (d *DB) inFuture() string {
	if d.dialect == postgresDialect {
		return "clock_timestamp() + make_interval(secs => ?)"
	}
	return "strftime('%Y-%m-%d %H:%M:%f+00:00', 'now', ? || ' seconds')"
}

// lock locks the mailbox's file; false where anybody holds it, this process included. The files stay:
// removing one that another process waits on would let two hold it.
func (l *lockFiles) lock(database, mailbox string) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held[mailbox] != nil {
		return false, nil
	}
	unavailable := func(err error) error {
		return &tickets.Error{Kind: tickets.Unavailable, Msg: "The mailbox's lock file can't be used.", Err: err}
	}
	sum := sha256.Sum256([]byte(mailbox))
	f, err := os.OpenFile(fmt.Sprintf("%s-lease-%x", database, sum[:8]), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return false, unavailable(err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return false, nil
		}
		return false, unavailable(err)
	}
	if l.held == nil {
		l.held = map[string]*os.File{}
	}
	l.held[mailbox] = f
	return true, nil
}

// waitForFile locks a file as soon as nobody else does; closing it gives it up.
func waitForFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for err = syscall.EINTR; errors.Is(err, syscall.EINTR); {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// unlock gives the mailbox's file up. Closing it ends the lock whether or not it reports an error.
func (l *lockFiles) unlock(mailbox string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f := l.held[mailbox]; f != nil {
		_ = f.Close()
		delete(l.held, mailbox)
	}
}

// closeAll gives every file up.
func (l *lockFiles) closeAll() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var errs []error
	for mailbox, f := range l.held {
		errs = append(errs, f.Close())
		delete(l.held, mailbox)
	}
	return errors.Join(errs...)
}
