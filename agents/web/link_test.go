package web_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/canceldesk/canceldesk/tickets"
)

// TestSuggestedLink: a stranger wrote another case's number, which is shown and confirmed by one click.
func TestSuggestedLink(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	first, second := tickets.Number(h.mail(t, nil)), h.mail(t, nil)
	suggest := func() {
		t.Helper()
		id, err := tickets.ParseNumber(first)
		if err != nil {
			t.Fatal(err)
		}
		err = h.db.InTx(t.Context(), func(tx tickets.Tx) error {
			return tx.InsertLink(t.Context(), tickets.Link{FromID: second, ToID: id, Kind: tickets.LinkSuggested, At: h.clock.now()})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	suggest()
	at := "/tickets/" + tickets.Number(second)
	amy := h.as(t, "agent")
	wants(t, h.get(t, amy, at).body, "可能相关 "+first, "确认关联", "无关")
	wants(t, h.get(t, amy, "/tickets/"+first).body, "可能相关 "+tickets.Number(second), "确认关联")
	if page := h.get(t, h.as(t, "auditor"), at).body; strings.Contains(page, "/link\"") {
		t.Error("an auditor may link")
	}
	h.post(t, amy, at+"/link", url.Values{"other": {first}, "together": {"true"}})
	page := h.get(t, amy, at).body
	wants(t, page, "人工关联 "+first, "已关联两个工单")
	if strings.Contains(page, "确认关联") {
		t.Error("a link that holds is asked about")
	}
	h.post(t, amy, at+"/link", url.Values{"other": {first}, "together": {"false"}})
	if page := h.get(t, amy, at).body; strings.Contains(page, "人工关联") {
		t.Error("the link is still there")
	}

	suggest()
	p, api := h.program(t, "tickets:write", "tickets:read"), "/v1"+at
	links := func(body map[string]any) string {
		list, ok := body["links"].([]any)
		if !ok || len(list) != 1 {
			return ""
		}
		kind, _ := list[0].(map[string]any)["kind"].(string)
		return kind
	}
	if got := links(p.ask(t, "GET", api, "", 200)); got != "suggested" {
		t.Errorf("link %q", got)
	}
	if got := links(p.ask(t, "PUT", api+"/links/"+first, "", 200)); got != "related" {
		t.Errorf("link %q", got)
	}
	if got := links(p.ask(t, "DELETE", api+"/links/"+first, "", 200)); got != "" {
		t.Errorf("link %q", got)
	}
	p.ask(t, "DELETE", api+"/links/"+first, "", 404)
	p.ask(t, "PUT", api+"/links/"+tickets.Number(second), "", 422)
}

func TestMailUnderANewSubject(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	id := h.mail(t, nil)
	err := h.db.InTx(t.Context(), func(tx tickets.Tx) error {
		return tx.InsertMessage(t.Context(), &tickets.Message{
			TicketID: id, Direction: tickets.Inbound, Channel: tickets.Email, At: h.clock.now(), Sender: "li@example.com",
			Subject: "另外请退款", Text: "谢谢", Kind: "message",
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	at := "/tickets/" + tickets.Number(id)
	wants(t, h.get(t, h.as(t, "agent"), at).body, "另外请退款", "主题已更改")
	messages, ok := h.program(t, "tickets:read").ask(t, "GET", "/v1"+at, "", 200)["messages"].([]any)
	if !ok || len(messages) != 2 {
		t.Fatalf("messages %v", messages)
	}
	for i, want := range []bool{false, true} {
		m, ok := messages[i].(map[string]any)
		if !ok || m["new_subject"] != want {
			t.Errorf("message %d: new_subject %v, want %t", i, m["new_subject"], want)
		}
	}
}
