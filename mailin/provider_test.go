package mailin

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
)

// provider is a mail server that answers as one of the big providers does. It has one folder with one mail. The
// real ones were not asked: this is what they are known to answer.
type provider struct {
	addr     string
	greeting string
	caps     string // before and after the login
	// login judges LOGIN's user and password, token XOAUTH2's; each returns the text of a tagged answer.
	login func(user, password string) string
	token func(user, token string) string
	// challenge is what a refused token is answered before the tagged answer, as Google does; "" for none.
	challenge string
	wantsID   bool // opens no folder for a program that has not said who it is

	mu    sync.Mutex
	heard []string // the commands, without what is secret
}

// start listens until the test is over.
func (p *provider) start(t *testing.T) *provider {
	t.Helper()
	listener := listen(t, "127.0.0.1:0")
	p.addr = listener.Addr().String()
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // the test is over
			}
			all.Go(func() { p.serve(conn) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		all.Wait()
	})
	return p
}

func (p *provider) server(t *testing.T) Server {
	t.Helper()
	s := serverAt(t, p.addr)
	s.Username, s.Password = "service@example.com", "authorisation code"
	return s
}

func (p *provider) commands() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string{}, p.heard...)
}

// serve is one connection. It ends with the client.
func (p *provider) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewScanner(conn)
	say := func(format string, args ...any) { fmt.Fprintf(conn, format+"\r\n", args...) }
	say("* OK %s", p.greeting)
	known := false
	const mail = "From: li@example.com\r\nSubject: stop\r\n\r\nstop it\r\n"
	for in.Scan() {
		tag, rest, _ := strings.Cut(in.Text(), " ")
		verb, args, _ := strings.Cut(rest, " ")
		verb = strings.ToUpper(verb)
		if verb == "UID" {
			sub, _, _ := strings.Cut(args, " ")
			verb += " " + strings.ToUpper(sub)
		}
		p.mu.Lock()
		p.heard = append(p.heard, verb)
		p.mu.Unlock()
		switch verb {
		case "CAPABILITY":
			say("* CAPABILITY %s\r\n%s OK done", p.caps, tag)
		case "LOGIN":
			user, password, _ := strings.Cut(args, " ")
			say("%s %s", tag, p.login(strings.Trim(user, `"`), strings.Trim(password, `"`)))
		case "AUTHENTICATE":
			_, initial, inline := strings.Cut(args, " ")
			if !inline {
				say("+ ")
				if !in.Scan() {
					return
				}
				initial = in.Text()
			}
			raw, _ := base64.StdEncoding.DecodeString(initial)
			user, token, _ := strings.Cut(strings.TrimPrefix(string(raw), "user="), "\x01auth=Bearer ")
			answer := p.token(user, strings.TrimRight(token, "\x01"))
			if !strings.HasPrefix(answer, "OK") && p.challenge != "" {
				say("+ %s", base64.StdEncoding.EncodeToString([]byte(p.challenge)))
				if !in.Scan() {
					return
				}
			}
			say("%s %s", tag, answer)
		case "ID":
			known = true
			say("* ID (\"name\" \"a provider\")\r\n%s OK ID completed", tag)
		case "SELECT", "EXAMINE":
			if p.wantsID && !known {
				say("%s NO SELECT Unsafe Login. Please contact kefu@188.com for help", tag)
				continue
			}
			say("* 1 EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY 1] ok\r\n* OK [UIDNEXT 2] ok\r\n* FLAGS (\\Seen)\r\n%s OK [READ-ONLY] done", tag)
		case "UID SEARCH":
			say("* SEARCH 1\r\n%s OK done", tag)
		case "UID FETCH":
			if strings.Contains(args, "BODY") {
				say("* 1 FETCH (UID 1 BODY[] {%d}\r\n%s)", len(mail), mail)
			} else {
				say("* 1 FETCH (UID 1 INTERNALDATE \" 6-May-2026 07:08:09 +0800\" RFC822.SIZE %d)", len(mail))
			}
			say("%s OK done", tag)
		default:
			say("%s BAD unknown command", tag)
		}
	}
}

// netease is 163.com and 126.com: a LOGIN by authorisation code, and no folder before ID.
func netease() *provider {
	return &provider{
		greeting: "Coremail System IMap Server Ready(163com[10774b260cc7a37d26d71b52404dcf5c])",
		caps:     "IMAP4rev1 XLIST SPECIAL-USE ID LITERAL+ STARTTLS APPENDLIMIT=71680000 XAPPLEPUSHSERVICE UIDPLUS X-CM-EXT-1 SASL-IR AUTH=XOAUTH2",
		login: func(_, password string) string {
			if password != "authorisation code" {
				return "NO LOGIN Login error password error"
			}
			return "OK LOGIN completed"
		},
		wantsID: true,
	}
}

// qq is QQ mail, which takes the authorisation code and nothing else.
func qq() *provider {
	return &provider{
		greeting: "[CAPABILITY IMAP4 IMAP4rev1 ID AUTH=PLAIN AUTH=LOGIN AUTH=XOAUTH2 NAMESPACE] QQMail XMIMAP4Server ready",
		caps:     "IMAP4 IMAP4rev1 XLIST MOVE IDLE XAPPLEPUSHSERVICE NAMESPACE CHILDREN ID UIDPLUS COMPRESS=DEFLATE",
		login: func(_, password string) string {
			if password != "authorisation code" {
				return "NO Login fail. Account is abnormal, service is not open, password is incorrect, login frequency limited, or system is busy."
			}
			return "OK Success login ok"
		},
	}
}

// exchange is Exchange Online, which refuses a token without a word of why.
func exchange(good func(token string) bool) *provider {
	return &provider{
		greeting: "The Microsoft Exchange IMAP4 service is ready.",
		caps:     "IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS MOVE ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+",
		token: func(user, token string) string {
			if user != "service@example.com" || !good(token) {
				return "NO AUTHENTICATE failed."
			}
			return "OK AUTHENTICATE completed."
		},
	}
}

// gmail is Gmail, which says in a challenge why it refuses, and then refuses.
func gmail(good func(token string) bool) *provider {
	p := exchange(good)
	p.greeting = "Gimap ready for requests from 127.0.0.1"
	p.caps = "IMAP4rev1 UNSELECT IDLE NAMESPACE QUOTA ID XLIST CHILDREN X-GM-EXT-1 UIDPLUS SASL-IR AUTH=XOAUTH2 AUTH=PLAIN MOVE"
	p.challenge = `{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}`
	inner := p.token
	p.token = func(user, token string) string {
		return strings.Replace(inner(user, token), "NO AUTHENTICATE failed.", "NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)", 1)
	}
	return p
}
