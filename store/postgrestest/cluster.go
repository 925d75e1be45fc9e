package postgrestest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// cluster is a running PostgreSQL. Closing leash ends it; so does the end of this process.
type cluster struct {
	url   string // of its maintenance database, as the role that may create others
	leash io.WriteCloser
}

const (
	startTimeout = 60 * time.Second
	pollEvery    = 20 * time.Millisecond
	portTries    = 5
)

var errPortTaken = errors.New("the port was taken by somebody else")

// keeper runs the server ($1 its folder, $2 the binaries, $3 the port) until standard input ends, then stops it at
// once and removes the folder. It outlives a test binary that is killed.
const keeper = `
"$2/postgres" -D "$1/data" -k "$1" -h 127.0.0.1 -p "$3" \
	-c fsync=on -c synchronous_commit=on -c max_connections=300 -c timezone=UTC >"$1/log" 2>&1 &
server=$!
trap '' INT TERM HUP
cat >/dev/null
kill -QUIT "$server" 2>/dev/null
wait "$server"
rm -rf "$1"
`

func startCluster() (*cluster, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	attr, uid, err := stepDown()
	if err != nil {
		return nil, fmt.Errorf("choose a user: %w", err)
	}
	for try := 1; ; try++ {
		c, err := tryCluster(ctx, bin, attr, uid)
		if err == nil || !errors.Is(err, errPortTaken) || try == portTries {
			return c, err
		}
	}
}

// tryCluster makes a cluster in a new folder and waits until it answers.
func tryCluster(ctx context.Context, bin string, attr *syscall.SysProcAttr, uid int) (*cluster, error) {
	dir, err := os.MkdirTemp("", "postgres")
	if err != nil {
		return nil, err
	}
	secret, err := randomSecret()
	if err != nil {
		return nil, err
	}
	pwfile := filepath.Join(dir, "password")
	if err := os.WriteFile(pwfile, []byte(secret), 0o600); err != nil {
		return nil, err
	}
	if os.Getuid() == 0 {
		for _, path := range []string{dir, pwfile} {
			if err := os.Chown(path, uid, -1); err != nil {
				return nil, err
			}
		}
	}
	initdb := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", filepath.Join(dir, "data"), "--username=postgres",
		"--auth=scram-sha-256", "--pwfile="+pwfile, "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions")
	initdb.Dir, initdb.SysProcAttr = dir, attr
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("initdb: %w\n%s", err, out), os.RemoveAll(dir))
	}
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), "/bin/sh", "-c", keeper, "sh", dir, bin, strconv.Itoa(port))
	cmd.Dir, cmd.SysProcAttr = dir, attr
	leash, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start: %w", err)
	}
	go func() { _ = cmd.Wait() }() // it ends when the leash is closed, by us or by the end of this process

	c := &cluster{url: address("postgres", secret, port), leash: leash}
	if err := c.prepare(ctx, secret, port, filepath.Join(dir, "log")); err != nil {
		return nil, errors.Join(err, leash.Close())
	}
	return c, nil
}

// prepare waits until the server answers and makes the role that tests work as: allowed to create databases, and no
// superuser, so that what a plain owner may not do fails here too.
func (c *cluster) prepare(ctx context.Context, secret string, port int, logfile string) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, c.url)
		if err == nil {
			_, err = conn.Exec(ctx, "CREATE ROLE desk LOGIN CREATEDB PASSWORD '"+secret+"'") // hexadecimal, nothing to quote
			c.url = address("desk", secret, port)
			return errors.Join(err, conn.Close(ctx))
		}
		text, _ := os.ReadFile(logfile) // not there yet is nothing to read
		if bytes.Contains(text, []byte("could not create any TCP/IP sockets")) {
			return errPortTaken
		}
		if bytes.Contains(text, []byte("database system is shut down")) {
			return fmt.Errorf("the server ended at once:\n%s", text)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no answer within %s:\n%s", startTimeout, text)
		case <-tick.C:
		}
	}
}

func address(role, secret string, port int) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(role, secret), Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)),
		Path: "/postgres", RawQuery: "sslmode=disable",
	}
	return u.String()
}

func freePort(ctx context.Context) (int, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return 0, fmt.Errorf("listener's address is a %T", l.Addr())
	}
	return addr.Port, nil
}

func randomSecret() (string, error) {
	b := make([]byte, 16)
	if _, err := rand.Read(b); err != nil {
		return "", err
	}
	return hex.EncodeToString(b), nil
}

// binaries finds the folder with initdb and postgres: the newest of Debian's, which are in no search path, or the
// one that the search path has.
func binaries() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	if len(found) > 0 {
		return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return cmp.Compare(release(a), release(b)) })), nil
	}
	initdb, err := exec.LookPath("initdb")
	if err != nil {
		return "", errors.New("PostgreSQL is not on this machine: run `make deps`, which installs it or says what to install")
	}
	initdb, err = filepath.EvalSymlinks(initdb)
	return filepath.Dir(initdb), err
}

// release reads 15 out of /usr/lib/postgresql/15/bin/initdb; an old 9.6 counts as none.
func release(path string) int {
	n, err := strconv.Atoi(strings.Split(path, "/")[4])
	if err != nil {
		return 0
	}
	return n
}

// stepDown says how to run the server: in a process group of its own, so that an interrupt typed at the test does
// not reach it first; and as the user postgres (or nobody) where we are root, which PostgreSQL refuses to be.
func stepDown() (*syscall.SysProcAttr, int, error) {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() != 0 {
		return attr, os.Getuid(), nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, 0, err
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, 0, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, 0, err
	}
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attr, int(uid), nil
}
