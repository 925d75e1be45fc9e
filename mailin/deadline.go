package mailin

import (
	"net"
	"sync"
	"time"
)

// deadlineConn puts our own deadline on every read and write. The IMAP library sets fixed ones of its
// own (30 s, 5 min, none while idle) and waits for ever on a server that froze; those are set aside.
//
// This file is the one place of the package that reads the wall clock: deadlines of sockets are
// wall-clock times.
type deadlineConn struct {
	net.Conn

	mu    sync.Mutex
	allow time.Duration // for one read or write
	cause error         // the first error of a read, which the library tells as text only
}

func newDeadlineConn(c net.Conn, allow time.Duration) *deadlineConn {
	return &deadlineConn{Conn: c, allow: allow}
}

// setAllowance says how long the server may be silent from now on. It holds for a read that is
// waiting already.
func (c *deadlineConn) setAllowance(d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.allow = d
	return c.Conn.SetReadDeadline(time.Now().Add(d))
}

// Read fails with a time-out when the server says nothing for as long as allowed.
func (c *deadlineConn) Read(b []byte) (int, error) {
	if err := c.arm(c.Conn.SetReadDeadline); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(b)
	if err != nil {
		c.mu.Lock()
		if c.cause == nil {
			c.cause = err
		}
		c.mu.Unlock()
	}
	return n, err
}

// Write fails with a time-out when the server takes nothing for as long as allowed.
func (c *deadlineConn) Write(b []byte) (int, error) {
	if err := c.arm(c.Conn.SetWriteDeadline); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

func (c *deadlineConn) arm(set func(time.Time) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return set(time.Now().Add(c.allow))
}

// why is the first error that a read met, nil where none did.
func (c *deadlineConn) why() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cause
}

// SetDeadline does nothing: the deadlines are ours.
func (c *deadlineConn) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing: the deadlines are ours.
func (c *deadlineConn) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing: the deadlines are ours.
func (c *deadlineConn) SetWriteDeadline(time.Time) error { return nil }
