package reply

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
)

// wire is the connection of one mail, kept so that it can be closed from outside at any moment: the
// library neither closes it when a login fails nor listens to a context while it waits for an answer.
type wire struct {
	mu     sync.Mutex
	conn   net.Conn
	closed bool
}

// dial connects, with TLS from the first byte where conf is given.
func (w *wire) dial(conf *tls.Config) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		var d interface {
			DialContext(ctx context.Context, network, address string) (net.Conn, error)
		} = &net.Dialer{}
		if conf != nil {
			d = &tls.Dialer{Config: conf}
		}
		conn, err := d.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.closed {
			conn.Close()
			return nil, net.ErrClosed
		}
		w.conn = conn
		return conn, nil
	}
}

// close ends the connection, and any that is still being made. It may be called more than once.
func (w *wire) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	if w.conn != nil {
		w.conn.Close()
	}
}
