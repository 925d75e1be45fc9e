package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// TestThePageSaysWhatIsTrue of a case, whoever brought it about.
func TestThePageSaysWhatIsTrue(t *testing.T) {
	t.Parallel()
	const denied, withdrawn, unproven = tickets.ReasonDenied, tickets.ReasonWithdrawn, "not_verified"
	for name, c := range map[string]struct {
		status        tickets.Status
		reason        string
		stopped, over bool // the subscription; its agreement
		hold          tickets.HoldState
		refused       bool // the release, by the biller
		says          string
	}{
		"a held case waits for a yes":              {status: tickets.Pending, reason: unproven, hold: tickets.HoldActive, says: "已暂缓扣费"},
		"another case has stopped it":              {status: tickets.Pending, reason: unproven, hold: tickets.HoldActive, stopped: true, over: true, says: "自动续费已关闭"},
		"another case has stopped the biller only": {status: tickets.Pending, reason: unproven, hold: tickets.HoldActive, stopped: true, says: "正在办理"},
		"a no, and the release is on its way":      {status: tickets.OnHold, reason: denied, hold: tickets.HoldActive, says: "正在请计费方取消暂缓"},
		"a no, and the release is done":            {status: tickets.Closed, reason: denied, hold: tickets.HoldReleased, says: "恢复原状，您的订阅照常继续"},
		"a no, and the biller refuses to release":  {status: tickets.Closed, reason: denied, hold: tickets.HoldReleased, refused: true, says: "正在请计费方取消暂缓"},
		"a no, and another case has stopped it":    {status: tickets.Closed, reason: denied, hold: tickets.HoldStopped, stopped: true, over: true, says: "同事正在核查"},
		"a no after this case's own stop":          {status: tickets.Open, reason: tickets.ReasonDeniedStopped, stopped: true, over: true, says: "同事正在核查"},
		"taken back":                               {status: tickets.Solved, reason: withdrawn, says: "扣费照常继续"},
		"taken back, and the release is on its way": {
			status: tickets.Solved, reason: withdrawn, hold: tickets.HoldActive, says: "正在恢复扣费",
		},
		"taken back, and another case has stopped it": {status: tickets.Solved, reason: withdrawn, stopped: true, over: true, says: "这次的请求不再办理"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			id, page := h.customerCase(t, "li@example.com", func(tk *tickets.Ticket, _ *tickets.Message) {
				if tk.Status, tk.Reason = c.status, c.reason; c.status == tickets.Closed {
					tk.ClosedAt = &tk.ReceivedAt
				}
				if c.reason == denied || c.reason == tickets.ReasonDeniedStopped || c.reason == tickets.ReasonWithdrawal {
					tk.Objection = c.reason
				}
			})
			if c.stopped {
				h.stopped(t, c.over)
			}
			err := h.db.InTx(t.Context(), func(tx tickets.Tx) error {
				if c.hold != "" {
					now := h.clock.now()
					hold := tickets.Hold{TicketID: id, SubscriptionID: "S-1", State: c.hold, At: now, Until: now.Add(time.Hour)}
					if c.hold != tickets.HoldActive {
						hold.EndedAt = &now
					}
					if err := tx.InsertHold(t.Context(), &hold); err != nil {
						return err
					}
				}
				if !c.refused {
					return nil
				}
				return tx.SaveEffect(t.Context(), tickets.Effect{Key: "release", TicketID: id, Kind: tickets.ReleaseDebits, Target: "S-1", State: tickets.EffectRefused, At: h.clock.now(), SettledAt: new(h.clock.now())})
			})
			if err != nil {
				t.Fatal(err)
			}
			if body := h.get(t, h.browser(t), page).body; !strings.Contains(body, c.says) {
				t.Errorf("the page does not say %s:\n%s", c.says, body)
			}
		})
	}
}

// stopped stops the member's membership, and ends its agreement.
func (h *house) stopped(t *testing.T, over bool) {
	t.Helper()
	conn := h.db.Conn().WithContext(t.Context())
	if err := conn.Exec("UPDATE subscriptions SET auto_renew = FALSE, next_charge_at = NULL, stopped_at = ? WHERE id = 'S-1'", h.clock.now()).Error; err != nil {
		t.Fatal(err)
	}
	if !over {
		return
	}
	if err := conn.Exec("UPDATE agreements SET state = ?, ended_at = ? WHERE id = 'G-1'", account.AgreementTerminated, h.clock.now()).Error; err != nil {
		t.Fatal(err)
	}
}

// TestADenialAfterTheStopIsUrgent, whichever case stopped it, and its reason is shown to the people at the desk.
func TestADenialAfterTheStopIsUrgent(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]func(t *testing.T, h *house, id int64){
		"another case stopped it": func(t *testing.T, h *house, _ int64) {
			t.Helper()
			h.stopped(t, true)
		},
		"this case ended the agreement": func(t *testing.T, h *house, id int64) {
			t.Helper()
			err := h.db.InTx(t.Context(), func(tx tickets.Tx) error {
				return tx.SaveEffect(t.Context(), tickets.Effect{Key: "end", TicketID: id, Kind: tickets.EndAgreement, Target: "G-1", State: tickets.EffectUnknown, At: h.clock.now()})
			})
			if err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			h.hire(t)
			id, page := h.customerCase(t, "li@example.com", nil)
			before(t, h, id)
			b := h.browser(t)
			if got := h.post(t, b, page+"/say", url.Values{"word": {"deny"}, "nonce": {"abcdefgh"}}); got.status != http.StatusSeeOther {
				t.Fatalf("%d\n%s", got.status, got.body)
			}
			tk, err := h.db.Ticket(t.Context(), id)
			if err != nil || tk.Status != tickets.Open || tk.Reason != tickets.ReasonDeniedStopped || !tk.Urgent {
				t.Errorf("%s/%s urgent %v, %v", tk.Status, tk.Reason, tk.Urgent, err)
			}
			if body := h.get(t, b, page).body; !strings.Contains(body, "同事正在核查") || strings.Contains(body, "照常继续") {
				t.Errorf("he reads\n%s", body)
			}
			if body := h.get(t, h.as(t, "agent"), "/tickets/"+tk.Number()).body; !strings.Contains(body, "请立即联系本人") || !strings.Contains(body, "紧急") {
				t.Errorf("the agent reads\n%s", body)
			}
		})
	}
}
