package web_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/tickets"
)

// TestAWritingKeyReadsNoCase: whoever may only hand over or write is told which case it is, and nothing
// of the account or of what others said in it.
func TestAWritingKeyReadsNoCase(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.payers(t)
	secrets := []string{"A-2001", "S-A-2001", "S-A-2002", "客户要求", "4200020010", "13900002000"}
	check := func(what string, raw []byte, want string) {
		t.Helper()
		for _, s := range secrets {
			if strings.Contains(string(raw), s) {
				t.Errorf("%s reveals %s: %s", what, s, raw)
			}
		}
		if !strings.Contains(string(raw), want) {
			t.Errorf("%s does not say %s: %s", what, want, raw)
		}
	}
	call := h.callBody("c-1", "summary", "客户要求关闭自动续费。", "identity", map[string]any{"payment_facts": []any{map[string]any{"channel_txn_id": "4200020010"}}})
	call["caller"] = "4008009000"
	for range 2 {
		status, raw := h.send(t, h.key(t, "calls:write"), http.MethodPost, "/v1/calls", call)
		if status > 201 {
			t.Fatalf("%d %s", status, raw)
		}
		check("a call", raw, `"number":"CD-000001"`)
	}
	write := h.key(t, "tickets:write")
	_, raw := h.send(t, write, http.MethodPost, "/v1/tickets", map[string]any{
		"channel": "other", "customer": map[string]any{"account": "A-2001"}, "text": "客户要求关闭自动续费。",
	})
	check("a case taken by hand", raw, `"number":"CD-000002"`)
	_, raw = h.send(t, write, http.MethodPut, "/v1/tickets/CD-000001/intent", map[string]any{"intent": "status_inquiry"})
	check("a correction", raw, `"number":"CD-000001"`)
	if _, raw = h.send(t, h.key(t, "tickets:write", "tickets:read"), http.MethodPut, "/v1/tickets/CD-000001/intent", map[string]any{"intent": "stop_auto_renew"}); !strings.Contains(string(raw), "客户要求") {
		t.Errorf("a key that may read does not read the case: %s", raw)
	}
}

// TestAChatTellsNobodyWhetherThereIsAnAccount: below level 2 what is answered is the same for an account
// that exists and one that does not, however far its case has come.
func TestAChatTellsNobodyWhetherThereIsAnAccount(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.member(t)
	a := h.app(t)
	read := func(id, account string, status tickets.Status) (all []any) {
		t.Helper()
		first := chat(id, map[string]any{"account": account}, line("1", "customer", "请关闭自动续费"))
		got := a.post("", first)
		number := a.number(got, http.StatusCreated)
		err := h.db.InTx(t.Context(), func(tx tickets.Tx) error {
			n, err := tickets.ParseNumber(number)
			if err != nil {
				return err
			}
			tk, err := tx.Ticket(t.Context(), n)
			if err != nil {
				return err
			}
			if err := tk.SetStatus(status, "not_verified", h.clock.now()); err != nil {
				return err
			}
			if account == "A-1001" {
				at := h.clock.now()
				tk.AccountNo, tk.Urgent, tk.NextChargeAt = account, true, &at
			}
			return tx.SaveTicket(t.Context(), &tk)
		})
		if err != nil {
			t.Fatal(err)
		}
		bodies := []string{
			got.body, a.post("", first).body, a.post("/"+id+"/messages", line("1", "customer", "请关闭自动续费")).body,
			h.json(t, "GET", "/v1/chat/handoffs/"+id, "", a.auth...).body, h.json(t, "POST", "/v1/chat/handoffs/"+id+"/end", "", a.auth...).body,
		}
		for _, b := range bodies {
			b = strings.NewReplacer(number, "NUMBER", id, "ID").Replace(b)
			var x any
			if err := json.Unmarshal([]byte(b), &x); err != nil {
				t.Fatal(err)
			}
			all = append(all, x)
		}
		return all
	}
	if d := cmp.Diff(read("c-unknown", "A-9999", tickets.Open), read("c-known", "A-1001", tickets.Pending)); d != "" {
		t.Errorf("an unknown account (-) and a known one (+):\n%s", d)
	}
}

// TestTheGenuineTokenThatLastsLongestCounts, wherever in a handover it stands; a bad one is never an error.
func TestTheGenuineTokenThatLastsLongestCounts(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.member(t)
	a := h.app(t)
	ends := func(d time.Duration) func(jwt.MapClaims) {
		return func(c jwt.MapClaims) { c["exp"] = h.clock.now().Add(d).Unix() }
	}
	long := strings.Repeat("x", 30_000)
	for name, tokens := range map[string][3]string{
		"the first is bad":     {"nonsense", h.session(t, "A-1001", "c", ends(9*time.Minute)), ""},
		"an old one before":    {h.session(t, "A-1001", "c", ends(-time.Minute)), "", h.session(t, "A-1001", "c", ends(9*time.Minute))},
		"a shorter one before": {h.session(t, "A-1001", "c", ends(time.Minute)), h.session(t, "A-1001", "c", ends(9*time.Minute)), h.session(t, "A-1001", "c", ends(2*time.Minute))},
		"a long bad one after": {h.session(t, "A-1001", "c", ends(9*time.Minute)), long, ""},
	} {
		id := strings.ReplaceAll(name, " ", "-")
		for i, token := range tokens { // made for this conversation
			if parts := strings.Split(token, "."); len(parts) == 3 {
				claims := jwt.MapClaims{}
				if _, _, err := jwt.NewParser().ParseUnverified(token, claims); err != nil {
					t.Fatal(err)
				}
				tokens[i] = h.session(t, "A-1001", id, func(c jwt.MapClaims) { c["exp"] = claims["exp"] })
			}
		}
		one, two := line("1", "customer", "关闭自动续费"), line("2", "customer", "谢谢")
		one["session_token"], two["session_token"] = tokens[1], tokens[2]
		tk, _ := a.case_(a.number(a.post("", chat(id, map[string]any{"session_token": tokens[0]}, one, two)), http.StatusCreated))
		proofs, err := h.db.Verifications(t.Context(), tk.ID)
		if err != nil || len(proofs) != 1 || !proofs[0].ExpiresAt.Equal(h.clock.now().Add(9*time.Minute)) {
			t.Errorf("%s: %+v %v", name, proofs, err)
		}
	}
	bad := line("1", "customer", "关闭自动续费")
	bad["session_token"] = long
	a.number(a.post("", chat("c-long", map[string]any{"session_token": long}, bad)), http.StatusCreated)
}
