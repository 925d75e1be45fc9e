package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/canceldesk/canceldesk/tickets"
)

func TestOnlyAPauseIsNoEndAndTheStopStaysOffered(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b := h.browser(t)
	id, page := h.customerCase(t, "li@example.com", nil)
	if got := h.post(t, b, page+"/say", url.Values{"word": {"pause"}, "nonce": {"abcdefgh"}}); got.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", got.status, got.body)
	}
	body := h.get(t, b, page).body
	if !strings.Contains(body, "只是暂停，不关闭") || strings.Contains(body, "撤回") || !strings.Contains(body, `id="stop"`) || strings.Contains(body, `id="pause"`) {
		t.Errorf("after a pause:\n%s", body)
	}
	if got := h.post(t, b, page+"/say", url.Values{"word": {"stop"}, "nonce": {"abcdefgi"}}); got.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", got.status, got.body)
	}
	if tk, err := h.db.Ticket(t.Context(), id); err != nil || tk.Objection != "" {
		t.Errorf("he wants it off after all: %q %v", tk.Objection, err)
	}
}

func TestALinkThatClaimsSomethingWasDoneShowsNothing(t *testing.T) {
	t.Parallel()
	h := setup(t)
	_, page := h.customerCase(t, "li@example.com", nil)
	if body := h.get(t, h.browser(t), page+"?done=stop").body; strings.Contains(body, "已收到您的确认") {
		t.Errorf("nothing was done:\n%s", body)
	}
}

func TestTheOldLinkOfAClosedCaseOpensOneMore(t *testing.T) {
	t.Parallel()
	h := setup(t)
	id, page := h.customerCase(t, "li@example.com", func(tk *tickets.Ticket, _ *tickets.Message) {
		tk.Status, tk.Reason, tk.ClosedAt = tickets.Closed, "done", &tk.ReceivedAt
	})
	b, last := h.browser(t), 0
	for i := range 25 {
		last = h.post(t, b, page+"/say", url.Values{"word": {"stop"}, "nonce": {fmt.Sprintf("abcdefg%d", i)}}).status
	}
	links, err := h.db.Links(t.Context(), id)
	if err != nil || len(links) != 1 {
		t.Errorf("%d cases follow, %v", len(links), err)
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("the 25th within the hour: %d", last)
	}
}

func TestACorrectionDropsNoStopThatSomebodyVerifiedAskedFor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		held bool
		to   string // whose link was clicked first, "" nobody's
		want int
	}{
		"held, and the owner is asked": {held: true, want: http.StatusConflict},
		"the owner confirmed it":       {to: "li@example.com", want: http.StatusConflict},
		"a stranger asked, no more":    {want: http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			h.hire(t)
			id, page := h.customerCase(t, "li@example.com", nil)
			if c.held {
				now := h.clock.now()
				hold := tickets.Hold{TicketID: id, SubscriptionID: "S-1", State: tickets.HoldActive, At: now, Until: now.AddDate(0, 0, 7)}
				if err := h.db.InTx(t.Context(), func(tx tickets.Tx) error { return tx.InsertHold(t.Context(), &hold) }); err != nil {
					t.Fatal(err)
				}
			}
			if c.to != "" {
				h.post(t, h.browser(t), page+"/say", url.Values{"word": {"stop"}, "nonce": {"abcdefgh"}})
			}
			got := h.call(t, http.MethodPut, "/v1/tickets/"+tickets.Number(id)+"/intent", h.key(t, "tickets:write", "tickets:read"), `{"intent":"not_cancellation"}`)
			if got.status != c.want {
				t.Errorf("%d, want %d\n%s", got.status, c.want, got.body)
			}
		})
	}
}

func TestAReplyGoesToTheOwnerWhoSpoke(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	id, page := h.customerCase(t, "li@example.com", nil)
	at, agent := "/tickets/"+tickets.Number(id), h.as(t, "agent")
	if body := h.get(t, agent, at).body; !strings.Contains(body, "回复 stranger@else.example") {
		t.Error("nobody else spoke yet")
	}
	h.post(t, h.browser(t), page+"/say", url.Values{"word": {"deny"}, "nonce": {"abcdefgh"}})
	body := h.get(t, agent, at).body
	if !strings.Contains(body, "回复 li@example.com") || !strings.Contains(body, `value="requester"`) {
		t.Errorf("the owner denied it:\n%s", body)
	}
	h.post(t, agent, at+"/reply", url.Values{"text": {"我们在核查"}})
	h.post(t, agent, at+"/reply", url.Values{"text": {"请本人联系我们"}, "to": {"requester"}})
	messages, err := h.db.Messages(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	var to []string
	for _, m := range messages {
		if m.Direction == tickets.Reply {
			to = append(to, m.Recipient)
		}
	}
	if strings.Join(to, " ") != "li@example.com stranger@else.example" {
		t.Errorf("the replies went to %v", to)
	}
}
