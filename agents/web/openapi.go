package web

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"
)

// openapi is the description of the JSON routes, made from the code. Generators of clients read OpenAPI
// 3.0 better than 3.1, so that is what is given unless ?version=3.1 asks for the other.
func (s *Server) openapi(c echo.Context) error {
	if c.QueryParam("version") == "3.1" {
		return c.JSON(http.StatusOK, s.api.OpenAPI())
	}
	b, err := s.api.OpenAPI().Downgrade()
	if err != nil {
		return err
	}
	return c.JSONBlob(http.StatusOK, b)
}

// describe adds to every operation what the route table and the examples say of it.
func (s *Server) describe() {
	for _, m := range [][2]string{{"ListedTicket", "hold"}, {"ListedTicket", "claim"}, {"ApiTicket", "hold"}, {"ApiTicket", "claim"}, {"ApiAccountSubscription", "consent"}} {
		s.orNull(m[0], m[1])
	}
	given := examples()
	for _, r := range s.routes() {
		op := s.operation(r)
		if op == nil {
			continue
		}
		op.Extensions = map[string]any{}
		if r.who.scope != "" {
			op.Extensions["x-scope"] = r.who.scope
		}
		if r.who.may != "" {
			op.Extensions["x-permission"] = string(r.who.may)
		}
		if keepsAnswers(r.method, r.path) && !r.who.public {
			op.Parameters = append(op.Parameters, &huma.Param{
				Name: idempotencyHeader, In: "header", Schema: &huma.Schema{Type: huma.TypeString, MaxLength: new(longestKey)},
				Description: "Of your own making, new for each request. Sent again within 24 hours, the request is answered as the first time; with another body 422.",
			})
		}
		if known, made := op.Responses["200"], op.Responses["201"]; known != nil && made != nil {
			// Whether the thing is new makes no difference to what is said of it.
			if known.Content == nil {
				known.Content = made.Content
			} else if made.Content == nil {
				made.Content = known.Content
			}
		}
		if op.RequestBody == nil {
			continue
		}
		media := op.RequestBody.Content[echo.MIMEApplicationJSON]
		if text, ok := given[op.OperationID]; ok && media != nil {
			media.Example = json.RawMessage(text)
		}
	}
}

// orNull describes an object's member that is an object too, or null: huma can only say which object.
func (s *Server) orNull(shape, member string) {
	all := s.api.OpenAPI().Components.Schemas
	owner := all.Map()[shape]
	if owner == nil || owner.Properties[member] == nil || owner.Properties[member].Ref == "" {
		return
	}
	inline := *all.SchemaFromRef(owner.Properties[member].Ref)
	inline.Nullable = true
	inline.PrecomputeMessages()
	owner.Properties[member] = &inline
}

// operation is the JSON operation of a route, nil where it is a page.
func (s *Server) operation(r route) *huma.Operation {
	parts := strings.Split(r.path, "/")
	for i, p := range parts {
		if name, ok := strings.CutPrefix(p, ":"); ok {
			parts[i] = "{" + name + "}"
		}
	}
	item := s.api.OpenAPI().Paths[strings.Join(parts, "/")]
	if item == nil {
		return nil
	}
	switch r.method {
	case http.MethodGet:
		return item.Get
	case http.MethodPost:
		return item.Post
	case http.MethodPut:
		return item.Put
	case http.MethodDelete:
		return item.Delete
	}
	return nil
}

// examples are bodies of requests, by operation.
func examples() map[string]string {
	return map[string]string{
		"login":                   `{"login": "wang", "password": "correct horse battery"}`,
		"put-ticket-assignee":     `{"login": "wang"}`,
		"put-ticket-status":       `{"status": "on_hold", "reason": "The bank answers on Monday."}`,
		"put-ticket-intent":       `{"intent": "cancel_and_refund", "facts": {"amount_fen": 19800, "period": "year"}}`,
		"put-ticket-account":      `{"account_no": "A-1001", "reason": "Found by the order number."}`,
		"put-ticket-subscription": `{"subscription_ids": ["S-1"]}`,
		"accept-quote":            `{"quote_hash": "9c0e5d3b7a1f48c2b6d4e8f0a2c4e6f8091b3d5f7a9c1e3f5b7d9f1a3c5e7092", "by": "customer", "words": "同意，请退款"}`,
		"resolve-ticket":          `{"mode": "period_end", "subscription_ids": ["S-1"]}`,
		"skip-step":               `{"reason": "The customer was paid back at the counter."}`,
		"withdraw-ticket":         `{"reason": "The customer wants to go on."}`,
		"approve-refund":          `{"note": "Looks right.", "quote_hash": "64101d90b74779f577626c17f5eb3642958762595c138614fbf3a9cef528baa0", "password": "correct horse battery"}`,
		"reject-refund":           `{"note": "The coins were used up.", "quote_hash": "64101d90b74779f577626c17f5eb3642958762595c138614fbf3a9cef528baa0", "password": "correct horse battery"}`,
		"put-account": `{"name": "李雷", "phone": "13800001234", "email": "li@example.com", "updated_at": "2026-03-01T08:00:00+08:00",
			"subscriptions": [{"id": "S-1", "plan": "黄金会员", "period": "year", "price_fen": 19800, "auto_renew": true,
				"current_period_start": "2025-03-07", "current_period_end": "2026-03-07", "next_charge_at": "2026-03-07T02:30:00+08:00"}],
			"agreements": [{"id": "G-1", "channel": "wechat", "merchant": "main", "channel_ref": "2025030788", "payer": "p-1",
				"signed_at": "2025-03-07T10:00:00+08:00", "state": "active", "subscription_ids": ["S-1"]}]}`,
		"post-charges": `{"id": "C-2", "account_no": "A-1001", "subscription_id": "S-1", "agreement_id": "G-1", "amount_fen": 19800, "currency": "CNY",
			"charged_at": "2026-03-07T02:30:00+08:00", "period_start": "2026-03-07", "period_end": "2027-03-07", "channel": "wechat",
			"merchant": "main", "channel_txn_id": "4200002026030700001", "order_no": "O-2", "payer": "p-1"}`,
		"put-call": `{"call_id": "pbx-20260305-17", "direction": "inbound", "caller": "13900002000", "agent": "mei", "started_at": "2026-03-05T10:20:00+08:00",
			"identity": {"account": "A-1001", "payment_facts": [{"channel_txn_id": "4200002025030700001"}]}, "summary": "客户要求关闭自动续费。"}`,
		"open-ticket":  `{"channel": "other", "customer": {"phone": "13800001234"}, "subject": "信件", "text": "请关闭自动续费。"}`,
		"add-message":  `{"kind": "note", "text": "The letter is in folder 12.", "attachments": [{"name": "letter.txt", "type": "text/plain", "content_base64": "RGVhciBkZXNr"}]}`,
		"request-code": `{"action": "stop", "to": "email"}`,
		"enter-code":   `{"code": "123456"}`,
		"stop-applied": `{"at": "2026-03-05T10:29:00+08:00"}`,
		"hand-chat-over": `{"conversation_id": "c-1", "locale": "zh-CN", "customer": {"account": "A-1001"},
			"transcript": [{"id": "l-1", "from": "customer", "at": "2026-03-05T10:29:00+08:00", "text": "请关闭自动续费"}]}`,
		"add-chat-line":  `{"id": "l-2", "from": "customer", "at": "2026-03-05T10:29:30+08:00", "text": "在吗？"}`,
		"read-chat":      `{"up_to": "l-1"}`,
		"end-chat":       `{"by": "customer", "reason": "left"}`,
		"post-watermark": `{"source": "billing", "complete_through": "2026-03-07T03:00:00+08:00"}`,
	}
}
