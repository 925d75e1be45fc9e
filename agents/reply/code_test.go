package reply_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/agents/reply"
	"github.com/canceldesk/canceldesk/agents/reply/smtptest"
	"github.com/canceldesk/canceldesk/mailin"
	"github.com/canceldesk/canceldesk/tickets"
)

// code stores a code of the case's account and puts it into the outbox.
func (b *bundle) code(t *testing.T, way tickets.CodeWay, recipient string) (tickets.Code, tickets.Outgoing) {
	t.Helper()
	c := tickets.Code{
		PublicID: "abc", TicketID: b.ticket.ID, AccountNo: "u1001", Way: way, Recipient: recipient, Action: tickets.ActStop,
		At: b.now, ExpiresAt: b.now.Add(tickets.CodeLife),
	}
	b.tx(t, func(tx tickets.Tx) error { return tx.InsertCode(t.Context(), &c) })
	b.mustTell(t, b.ticket.ID, "code:"+strconv.FormatInt(c.ID, 10))
	return c, b.outbox(t, b.ticket.ID)[0]
}

// everything is what the database holds, as text.
func (b *bundle) everything(t *testing.T) string {
	t.Helper()
	var all bytes.Buffer
	for _, table := range []string{"outgoing", "messages", "events", "event_privates", "jobs", "codes"} {
		var rows []map[string]any
		if err := b.Conn().WithContext(t.Context()).Table(table).Find(&rows).Error; err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			for _, v := range row {
				if raw, ok := v.([]byte); ok {
					v = string(raw)
				}
				if text, ok := v.(string); ok {
					all.WriteString(text + "\n")
				}
			}
		}
	}
	return all.String()
}

func TestACodeByMailIsReadByTheCustomerAndKeptNowhere(t *testing.T) {
	t.Parallel()
	for _, locale := range []string{"zh-CN", "en"} {
		t.Run(locale, func(t *testing.T) {
			t.Parallel()
			p := &post{bundle: setup(t)}
			p.ticket.Locale = locale
			p.tx(t, func(tx tickets.Tx) error { return tx.SaveTicket(t.Context(), &p.ticket) })
			var c tickets.Code
			c, p.mail = p.code(t, tickets.ToEmail, "li@example.com")
			p.server = smtptest.Start(t, smtptest.Options{})
			p.sender = p.through(reply.SMTP{Host: p.server.Host(), Port: p.server.Port(), TLS: reply.NoTLS})
			if done, err := p.send(t); err != nil || !done {
				t.Fatal(done, err)
			}
			digits := codes().Digits(c)
			got := mailin.Parse(p.server.Messages()[0].Raw, mailin.Options{})
			if !strings.Contains(got.Text, "\n"+digits+"\n") || !strings.Contains(got.Text, "https://desk.example.com/v/abc") {
				t.Errorf("the customer reads:\n%s", got.Text)
			}
			if strings.Contains(p.everything(t), digits) {
				t.Error("the database holds the code")
			}
			same(t, "first response", time.Time{}, p.firstResponse(t))
		})
	}
}

func TestACodeByTextMessageIsSentOnceAndKeptNowhere(t *testing.T) {
	t.Parallel()
	p := &post{bundle: setup(t)}
	var c tickets.Code
	c, p.mail = p.code(t, tickets.ToPhone, member().Account.Phone)
	log := reply.NewTextLog(func() time.Time { return p.now })
	p.texter = log
	p.sender = p.through(nil)
	for range 2 {
		if done, err := p.send(t); err != nil || !done {
			t.Fatal(done, err)
		}
	}
	sent := log.Sent()
	same(t, "messages", 1, len(sent))
	digits := codes().Digits(c)
	same(t, "parameters", map[string]string{"code": digits, "minutes": "5", "action": "停止自动续费", "link": "https://desk.example.com/v/abc"}, sent[0].Params)
	same(t, "template and phone", []string{"SMS_1", c.Recipient}, []string{sent[0].Template, sent[0].Phone})
	if strings.Contains(p.everything(t), digits) {
		t.Error("the database holds the code")
	}
}

func TestACodeThatNobodyCanUseIsNotSent(t *testing.T) {
	t.Parallel()
	p := &post{bundle: setup(t)}
	_, p.mail = p.code(t, tickets.ToPhone, member().Account.Phone)
	log := reply.NewTextLog(func() time.Time { return p.now })
	p.texter = log
	p.sender = p.through(nil)
	p.now = p.now.Add(tickets.CodeLife)
	if done, err := p.send(t); err != nil || !done {
		t.Fatal(done, err)
	}
	same(t, "messages", 0, len(log.Sent()))
	same(t, "state", tickets.OutgoingFailed, p.row(t).State)
}

func TestOtherTextMessagesWaitForTheEndOfTheQuietHours(t *testing.T) {
	t.Parallel()
	b := setup(t)
	settings := tickets.Settings{
		Zone: shanghai(), Codes: codes(),
		Texts: tickets.Texts{Templates: map[tickets.Tell]string{"unread": "SMS_2"}, Quiet: tickets.Quiet{From: 9 * time.Hour, Until: 12 * time.Hour}},
	}
	for range 2 { // the second is left as it is
		b.tx(t, func(tx tickets.Tx) error {
			return tickets.InsertText(t.Context(), tx, b.ticket, settings, tickets.Text{Tell: "unread", Key: "unread/1", Phone: "13800001234"}, b.now)
		})
	}
	same(t, "messages", 1, len(b.outbox(t, b.ticket.ID)))
	var due []time.Time
	if err := b.Conn().WithContext(t.Context()).Table("jobs").Pluck("due_at", &due).Error; err != nil {
		t.Fatal(err)
	}
	same(t, "due", at(22, 12, 0).UTC().Format(time.RFC3339), due[0].UTC().Format(time.RFC3339))
	err := b.InTx(t.Context(), func(tx tickets.Tx) error {
		return tickets.InsertText(t.Context(), tx, b.ticket, settings, tickets.Text{Tell: "unknown", Key: "x", Phone: "13800001234"}, b.now)
	})
	wantKind(t, err, tickets.Conflict)
}

func TestTheGatewayIsCalledWithASignatureThatHolds(t *testing.T) {
	t.Parallel()
	now := time.Unix(1767225600, 0)
	secret := strings.Repeat("k", 32)
	for name, set := range map[string]string{"raw": secret, "whsec": "whsec_" + base64.StdEncoding.EncodeToString([]byte(secret))} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got tickets.TextBody
			srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				_ = json.Unmarshal(body, &got)
				h := hmac.New(sha256.New, []byte(secret))
				h.Write([]byte(r.Header.Get("webhook-id") + "." + r.Header.Get("webhook-timestamp") + "." + string(body)))
				want := "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))
				if r.Header.Get("webhook-signature") != want || r.Header.Get("webhook-timestamp") != "1767225600" || r.Header.Get("webhook-id") != "msg_1" {
					t.Errorf("headers %v", r.Header)
				}
			}))
			t.Cleanup(srv.Close)
			g := reply.Gateway{URL: srv.URL, Secret: set, Client: srv.Client(), Now: func() time.Time { return now }}
			m := tickets.TextBody{ID: "msg_1", Template: "SMS_1", Phone: "13800001234", Params: map[string]string{"code": "123456"}}
			if err := g.Text(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			same(t, "body", m, got)
		})
	}
}

func TestWhatAGatewaysAnswerMeans(t *testing.T) {
	t.Parallel()
	for status, kind := range map[int]tickets.Kind{
		400: tickets.Invalid, 404: tickets.Invalid, 302: tickets.Invalid, 429: tickets.Unavailable, 408: tickets.Unavailable,
		409: tickets.Unavailable, 500: tickets.Unavailable, 503: tickets.Unavailable,
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
		}))
		t.Cleanup(srv.Close)
		g := reply.Gateway{URL: srv.URL, Secret: "s", Client: srv.Client(), Now: func() time.Time { return time.Unix(0, 0) }}
		wantKind(t, g.Text(t.Context(), tickets.TextBody{ID: "m"}), kind)
	}
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	t.Cleanup(slow.Close)
	g := reply.Gateway{URL: slow.URL + "/?key=geheim", Secret: "s", Client: slow.Client(), Now: func() time.Time { return time.Unix(0, 0) }, Timeout: 10 * time.Millisecond}
	err := g.Text(t.Context(), tickets.TextBody{ID: "m"})
	wantKind(t, err, tickets.Unavailable)
	if strings.Contains(err.Error(), "geheim") {
		t.Errorf("the error quotes the address: %v", err)
	}
}
