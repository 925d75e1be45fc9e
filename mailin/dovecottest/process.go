package dovecottest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// stopTimeout is how long a killed process may take to be gone.
const stopTimeout = 5 * time.Second

// account is the operating system's user that the server runs as.
type account struct {
	name, group string
	uid, gid    int
}

// runAs picks the user: oneself, or as root the user made for Dovecot, or nobody.
func runAs() (account, error) {
	if os.Getuid() != 0 {
		u, err := user.Current()
		if err != nil {
			return account{}, err
		}
		return describe(u)
	}
	u, err := user.Lookup("dovecot")
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	if err != nil {
		return account{}, err
	}
	return describe(u)
}

func describe(u *user.User) (account, error) {
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return account{}, err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return account{}, err
	}
	g, err := user.LookupGroupId(u.Gid)
	if err != nil {
		return account{}, err
	}
	return account{name: u.Username, group: g.Name, uid: uid, gid: gid}, nil
}

// process is Dovecot's master, the leader of a process group of its own.
type process struct {
	pid  int
	done chan struct{} // closed once it was waited for
}

// spawn starts a program as somebody, its output going to a file.
func spawn(ctx context.Context, as account, output, bin string, args ...string) (*process, error) {
	out, err := os.Create(output)
	if err != nil {
		return nil, err
	}
	defer func() { _ = out.Close() }() // the child has its own
	// Not tied to ctx: a test's context ends before its cleanup, and the cleanup ends the group in good order.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), bin, args...)
	cmd.Dir = "/"
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setpgid:   true,
		Pdeathsig: syscall.SIGTERM, // a test binary that is killed leaves no server behind
	}
	if os.Getuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(as.uid), Gid: uint32(as.gid)}
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{pid: cmd.Process.Pid, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		_ = cmd.Wait() // how it ended is in its log
	}()
	return p, nil
}

// stop kills the whole group at once: Dovecot's own way of ending takes a second, and what it would save is about to
// be removed. It returns when none of them can touch a file any more. It may be called twice.
func (p *process) stop() error {
	if err := p.signal(syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	<-p.done
	timer := time.NewTimer(stopTimeout)
	defer timer.Stop()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		all, err := processes()
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(all, func(q stat) bool { return q.group == p.pid && !q.dead }) {
			return nil
		}
		select {
		case <-tick.C:
		case <-timer.C:
			return fmt.Errorf("still there %s after SIGKILL", stopTimeout)
		}
	}
}

// signal goes to the whole group.
func (p *process) signal(sig syscall.Signal) error { return syscall.Kill(-p.pid, sig) }

// killChildren sends SIGKILL to the master's children of that name and says how many there were.
func (p *process) killChildren(name string) (int, error) {
	all, err := processes()
	if err != nil {
		return 0, err
	}
	killed := 0
	for _, q := range all {
		if q.parent != p.pid || q.name != name || q.dead {
			continue
		}
		if err := syscall.Kill(q.pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return killed, err
		}
		killed++
	}
	return killed, nil
}

// stat is what proc(5) says of a process.
type stat struct {
	pid, parent, group int
	name               string
	dead               bool // only its exit code is left, which nobody fetched yet
}

// processes lists all there are.
func processes() ([]stat, error) {
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	var all []stat
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it ended in the meantime
		}
		one, err := parseStat(string(text))
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		all = append(all, one)
	}
	return all, nil
}

// parseStat reads "pid (name) state parent group …". The name may itself hold spaces and brackets.
func parseStat(s string) (stat, error) {
	open, end := strings.IndexByte(s, '('), strings.LastIndexByte(s, ')')
	if open < 0 || end < open {
		return stat{}, fmt.Errorf("no name in %q", s)
	}
	rest := strings.Fields(s[end+1:])
	if len(rest) < 3 {
		return stat{}, fmt.Errorf("no parent and group in %q", s)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(s[:open]))
	if err != nil {
		return stat{}, err
	}
	parent, err := strconv.Atoi(rest[1])
	if err != nil {
		return stat{}, err
	}
	group, err := strconv.Atoi(rest[2])
	if err != nil {
		return stat{}, err
	}
	return stat{pid: pid, parent: parent, group: group, name: s[open+1 : end], dead: rest[0] == "Z" || rest[0] == "X"}, nil
}
