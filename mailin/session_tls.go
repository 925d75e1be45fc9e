package mailin

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
)

// errPreAuth refuses a session that is logged in before it is encrypted: who sits on the line may have
// said so (RFC 9051, section 11.1).
var errPreAuth = errors.New("the server logs us in before the connection is encrypted")

// lineLimit bounds a line of the few that are read before TLS.
const lineLimit = 8 << 10

// startTLS asks for STARTTLS in the clear (RFC 9051, section 6.2.1). It reads byte by byte, so that
// nothing the server, or somebody in between, sends after its answer is taken for encrypted text: it
// goes into the handshake, and breaks it.
func startTLS(conn net.Conn) error {
	greeting, err := readLine(conn)
	if err != nil {
		return fmt.Errorf("read greeting: %w", err)
	}
	switch {
	case hasWord(greeting, "* PREAUTH"):
		return errPreAuth
	case !hasWord(greeting, "* OK"):
		return fmt.Errorf("the greeting is no IMAP greeting: %w", errNoStartTLS)
	}
	if _, err := io.WriteString(conn, "S1 STARTTLS\r\n"); err != nil {
		return fmt.Errorf("ask for STARTTLS: %w", err)
	}
	for {
		line, err := readLine(conn)
		if err != nil {
			return fmt.Errorf("ask for STARTTLS: %w", err)
		}
		switch {
		case hasWord(line, "S1 OK"):
			return nil
		case hasWord(line, "S1"):
			return errNoStartTLS
		}
	}
}

// errNoStartTLS is a server that does not begin TLS when asked.
var errNoStartTLS = errors.New("the server does not offer STARTTLS")

// hasWord tells whether a line begins with these words, whatever their case.
func hasWord(line, words string) bool {
	return len(line) >= len(words) && strings.EqualFold(line[:len(words)], words) &&
		(len(line) == len(words) || line[len(words)] == ' ')
}

func readLine(r io.Reader) (string, error) {
	var line []byte
	var b [1]byte
	for len(line) < lineLimit {
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return "", err
		}
		if b[0] == '\n' {
			return strings.TrimSuffix(string(line), "\r"), nil
		}
		line = append(line, b[0])
	}
	return "", errors.New("a line of the server is too long")
}

// greetedConn repeats a greeting to whoever expects one: after STARTTLS no second one is sent.
type greetedConn struct {
	net.Conn
	rest []byte
}

// Read gives the greeting first, then what the connection gives.
func (c *greetedConn) Read(b []byte) (int, error) {
	if len(c.rest) == 0 {
		return c.Conn.Read(b)
	}
	n := copy(b, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}
