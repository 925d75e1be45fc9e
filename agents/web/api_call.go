package web

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/agents"
	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// callRoutes are what is asked about telephone calls and cases that are taken by hand.
func (s *Server) callRoutes() []route {
	const get, post, put = http.MethodGet, http.MethodPost, http.MethodPut
	return []route{
		{get, "/tickets/new", s.newCase, person(agents.WorkTickets)},
		{post, "/tickets/new", s.openCase, person(agents.WorkTickets)},
		{post, "/tickets/new/check", s.checkCase, person(agents.WorkTickets)},
		{get, "/tickets/:number/calls/:call/recording", s.recording, person(agents.ReadTickets)},
		{post, "/tickets/:number/told", s.form(s.told), person(agents.WorkTickets)},

		{post, "/v1/calls", nil, access{scope: "calls:write"}.upTo(callBody)},
		{put, "/v1/calls/:call_id/recording", nil, access{scope: "calls:write"}.upTo(s.cfg.RecordingBytes)},
		{post, "/v1/tickets", nil, either(agents.WorkTickets, "tickets:write")},
		{post, "/v1/tickets/:number/messages", nil, either(agents.WorkTickets, "tickets:write").upTo(answerBody)},
	}
}

// callBody is the largest report of a call, whose transcript may be long.
const callBody = 4 << 20

// callOperations are the JSON operations of calls and cases taken by hand.
func (s *Server) callOperations(api huma.API) {
	add(s, api, huma.Operation{
		OperationID: "put-call", Method: http.MethodPost, Path: "/v1/calls", Summary: "Report a telephone call",
		Description:  "The first report of a call_id opens a case (201), every later one adds what is new (200); reports may come late and in any order. The caller's number proves nothing; payment facts do, for the call. Answered by the case's number; what is known of the case takes the scope tickets:read as well. Scope calls:write.",
		MaxBodyBytes: callBody, DefaultStatus: http.StatusCreated, Errors: []int{401, 403, 409, 413, 422}, Security: bearerAuth(),
		Responses: map[string]*huma.Response{"200": {Description: "The call was known; what is new was added."}},
	}, s.apiCall)
	add(s, api, huma.Operation{
		OperationID: "put-recording", Method: http.MethodPut, Path: "/v1/calls/{call_id}/recording", Summary: "Hand over the recording of a call",
		Description: "The audio bytes: wav, mp3, ogg or m4a, up to limits.recording_bytes. It may come before its call. The same bytes again change nothing; other bytes are a conflict. Scope calls:write.",
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			"application/octet-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}},
		}},
		DefaultStatus: http.StatusNoContent, Errors: []int{401, 403, 409, 413, 415, 422}, Security: bearerAuth(),
	}, s.apiRecording)
	add(s, api, huma.Operation{
		OperationID: "open-ticket", Method: http.MethodPost, Path: "/v1/tickets", Summary: "Open a case that was taken by hand",
		Description:   "A letter, a visit, a form of the platform's own. What it says of the customer finds an account and proves nothing. Scope tickets:write.",
		DefaultStatus: http.StatusCreated, Errors: []int{401, 403, 413, 422}, Security: bearerAuth(),
	}, s.apiOpen)
	add(s, api, huma.Operation{
		OperationID: "add-message", Method: http.MethodPost, Path: "/v1/tickets/{number}/messages", Summary: "Answer the customer, or write a note",
		Description:  "A reply goes to the customer's address, with its attachments, a note to colleagues. Scope tickets:write.",
		MaxBodyBytes: answerBody, BodyReadTimeout: chatBodyTime,
		DefaultStatus: http.StatusCreated, Errors: []int{401, 403, 404, 409, 413, 422}, Security: bearerAuth(),
	}, s.apiMessage)
}

type callInput struct {
	Body struct {
		CallID     string      `json:"call_id" minLength:"1" maxLength:"128" doc:"The call centre's own id: letters, digits and any of . _ : @ + = , ~ -"`
		Direction  string      `json:"direction,omitempty" enum:"inbound,outbound,voicemail,callback"`
		Caller     string      `json:"caller,omitempty" maxLength:"200" doc:"The number that rang. It proves nothing."`
		Agent      string      `json:"agent,omitempty" maxLength:"200"`
		StartedAt  time.Time   `json:"started_at" doc:"When the request counts as received."`
		EndedAt    *time.Time  `json:"ended_at,omitempty"`
		Identity   apiIdentity `json:"identity,omitempty"`
		Summary    string      `json:"summary,omitempty" maxLength:"20000"`
		Transcript string      `json:"transcript,omitempty" maxLength:"200000"`
		Reason     string      `json:"received_reason,omitempty" maxLength:"200" doc:"Why the first report of a call comes more than 7 days after it. After 90 days it is refused."`
	}
}

type apiIdentity struct {
	Account      string           `json:"account,omitempty" maxLength:"200"`
	Phone        string           `json:"phone,omitempty" maxLength:"200"`
	Email        string           `json:"email,omitempty" maxLength:"254"`
	OrderNo      string           `json:"order_no,omitempty" maxLength:"200"`
	NationalID   string           `json:"national_id,omitempty" maxLength:"200" doc:"Kept masked."`
	PaymentFacts []apiPaymentFact `json:"payment_facts,omitempty" maxItems:"5" doc:"All of them have to be true of one account."`
}

// apiPaymentFact is a transaction number, or date, amount and card tail together.
type apiPaymentFact struct {
	ChannelTxnID string `json:"channel_txn_id,omitempty" maxLength:"200"`
	ChargedAt    string `json:"charged_at,omitempty" doc:"The local date, or an instant."`
	AmountFen    int64  `json:"amount_fen,omitempty" minimum:"0"`
	CardTail     string `json:"card_tail,omitempty" maxLength:"4"`
}

// facts are the payment facts as the desk judges them; Invalid for a date that is none.
func (s *Server) facts(in []apiPaymentFact) ([]account.PaymentFact, error) {
	var out []account.PaymentFact
	for i, f := range in {
		day, ok := s.dayOf(f.ChargedAt)
		if !ok {
			return nil, &tickets.Error{Kind: tickets.Invalid, Msg: fmt.Sprintf("identity.payment_facts[%d].charged_at is no date.", i)}
		}
		out = append(out, account.PaymentFact{ChannelTxnID: f.ChannelTxnID, ChargedAt: day, AmountFen: f.AmountFen, CardTail: f.CardTail})
	}
	return out, nil
}

// dayOf reads a local date, or the local date of an instant; "" is none and no mistake.
func (s *Server) dayOf(text string) (account.Date, bool) {
	if text == "" {
		return "", true
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return account.DateOf(at, s.cfg.Zone), true
	}
	at, err := time.ParseInLocation(time.DateOnly, text, s.cfg.Zone)
	return account.DateOf(at, s.cfg.Zone), err == nil
}

type callOutput struct {
	Status int
	Body   struct {
		Ticket apiTicket `json:"ticket"`
	}
}

func (s *Server) apiCall(ctx context.Context, c echo.Context, in *callInput) (*callOutput, error) {
	b := in.Body
	facts, err := s.facts(b.Identity.PaymentFacts)
	if err != nil {
		return nil, err
	}
	id := tickets.Identity{
		Account: b.Identity.Account, Phone: b.Identity.Phone, Email: b.Identity.Email, OrderNo: b.Identity.OrderNo,
		NationalID: b.Identity.NationalID, PaymentFacts: facts,
	}
	if err := s.lookUp(ctx, id); err != nil {
		return nil, err
	}
	t, opened, err := s.desk.Call(ctx, who(c).actor(), tickets.CallReport{
		ID: b.CallID, Direction: tickets.CallDirection(b.Direction), Caller: b.Caller, Agent: b.Agent, StartedAt: b.StartedAt, EndedAt: b.EndedAt,
		Identity: id, Summary: b.Summary, Transcript: b.Transcript, Reason: b.Reason,
	})
	if err != nil {
		return nil, err
	}
	out := callOutput{Status: http.StatusOK}
	if opened {
		out.Status = http.StatusCreated
	}
	if !reads(c) {
		out.Body.Ticket = apiTicket{
			ListedTicket: s.handed(t, tickets.Phone, b.Caller, b.StartedAt), Messages: []apiMessage{}, Runs: []apiRun{},
		}
		return &out, nil
	}
	one, err := s.whole(ctx, t)
	if err != nil {
		return nil, err
	}
	out.Body.Ticket = one.Body
	return &out, nil
}

type openInput struct {
	Body struct {
		Channel    string    `json:"channel" enum:"phone,web,other"`
		ReceivedAt time.Time `json:"received_at,omitempty" doc:"When it came in; now where it is left out. Refunds count from it, so one of more than 7 days ago takes received_reason, and one of more than 90 is refused."`
		Reason     string    `json:"received_reason,omitempty" maxLength:"200" doc:"Why it is entered so long after."`
		Customer   struct {
			Account string `json:"account,omitempty" maxLength:"200"`
			Phone   string `json:"phone,omitempty" maxLength:"200"`
			Email   string `json:"email,omitempty" maxLength:"254"`
			OrderNo string `json:"order_no,omitempty" maxLength:"200"`
		} `json:"customer,omitempty"`
		Subject string `json:"subject,omitempty" maxLength:"200"`
		Text    string `json:"text" minLength:"1" maxLength:"20000"`
	}
}

func (s *Server) apiOpen(ctx context.Context, c echo.Context, in *openInput) (*ticketOutput, error) {
	b := in.Body
	t, err := s.desk.Open(ctx, who(c).actor(), tickets.HandTaken{
		Channel: tickets.Channel(b.Channel), ReceivedAt: b.ReceivedAt, Reason: b.Reason, Subject: b.Subject, Text: b.Text, Taken: who(c).agent.Login,
		Identity: tickets.Identity{Account: b.Customer.Account, Phone: b.Customer.Phone, Email: b.Customer.Email, OrderNo: b.Customer.OrderNo},
	})
	if err != nil {
		return nil, err
	}
	return s.answered(ctx, c, t)
}

type messageInput struct {
	Number string `path:"number" json:"-" form:"-" example:"CD-000123"`
	Body   struct {
		Kind string `json:"kind" enum:"reply,note"`
		Text string `json:"text" minLength:"1" maxLength:"20000"`
		To   string `json:"to" required:"false" enum:"customer,requester" doc:"Of a reply: the account's registered contact, or who wrote. Left out: the one who spoke last of those who are verified."`
		// Attachments go out with a reply by mail, and stay with a note.
		Attachments []chatFile `json:"attachments,omitempty" maxItems:"10" nullable:"true" doc:"At most 10 MB together. Not into a chat."`
	}
}

type messageOutput struct{ Body apiMessage }

func (s *Server) apiMessage(ctx context.Context, c echo.Context, in *messageInput) (*messageOutput, error) {
	t, err := s.numbered(ctx, in.Number)
	if err != nil {
		return nil, err
	}
	words, err := s.wordsWith(ctx, in.Body.Text, in.Body.Attachments)
	if err != nil {
		return nil, err
	}
	if _, err := s.desk.Under(tickets.Terms{To: tickets.Party(in.Body.To)}).SayWith(ctx, t.ID, who(c).actor(), tickets.Direction(in.Body.Kind), words); err != nil {
		return nil, err
	}
	messages, err := s.desk.Reader().Messages(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	newest := messages[0]
	for _, m := range messages {
		if m.ID > newest.ID && m.Sender == string(who(c).actor()) {
			newest = m
		}
	}
	return &messageOutput{Body: s.messageOut(newest)}, nil
}
