package dovecottest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// stopTimeout is how long Dovecot may take to end its sessions before the whole group is killed.
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

// stop asks the master to end, then ends whatever is left of its group. It may be called twice.
func (p *process) stop() {
	select {
	case <-p.done:
	default:
		_ = syscall.Kill(p.pid, syscall.SIGTERM) // gone already is fine
		timer := time.NewTimer(stopTimeout)
		defer timer.Stop()
		select {
		case <-p.done:
		case <-timer.C:
		}
	}
	_ = syscall.Kill(-p.pid, syscall.SIGKILL) // ESRCH: nothing left
	<-p.done
}

// killChildren sends SIGKILL to the master's children of that name and says how many there were.
func (p *process) killChildren(name string) (int, error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, err
	}
	killed := 0
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it ended in the meantime
		}
		pid, comm, parent, err := parseStat(string(text))
		if err != nil {
			return killed, fmt.Errorf("read %s: %w", path, err)
		}
		if parent != p.pid || comm != name {
			continue
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return killed, err
		}
		killed++
	}
	return killed, nil
}

// parseStat reads "pid (comm) state ppid …" of proc(5). The name may itself hold spaces and brackets.
func parseStat(s string) (pid int, comm string, parent int, err error) {
	open, end := strings.IndexByte(s, '('), strings.LastIndexByte(s, ')')
	if open < 0 || end < open {
		return 0, "", 0, fmt.Errorf("no name in %q", s)
	}
	rest := strings.Fields(s[end+1:])
	if len(rest) < 2 {
		return 0, "", 0, fmt.Errorf("no parent in %q", s)
	}
	if pid, err = strconv.Atoi(strings.TrimSpace(s[:open])); err != nil {
		return 0, "", 0, err
	}
	if parent, err = strconv.Atoi(rest[1]); err != nil {
		return 0, "", 0, err
	}
	return pid, s[open+1 : end], parent, nil
}
