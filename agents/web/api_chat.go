package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// chatRoutes are what the app's server hands chats over by, and reads the answers from.
func (s *Server) chatRoutes() []route {
	const get, post = http.MethodGet, http.MethodPost
	write, read := machine("chat:write").upTo(chatBytes), machine("chat:read")
	return []route{
		{post, "/v1/chat/handoffs", nil, write},
		{get, "/v1/chat/handoffs/:conversation_id", nil, read},
		{post, "/v1/chat/handoffs/:conversation_id/messages", nil, write},
		{post, "/v1/chat/handoffs/:conversation_id/end", nil, write},
		{post, "/v1/chat/handoffs/:conversation_id/read", nil, write},
		{get, "/v1/chat/events", nil, read},
	}
}

// chatOperations registers the operations of chats.
func (s *Server) chatOperations(api huma.API) {
	const at = "/v1/chat/handoffs/{conversation_id}"
	add(s, api, huma.Operation{
		OperationID: "hand-chat-over", Method: http.MethodPost, Path: "/v1/chat/handoffs", Summary: "Hand a chat over",
		Description: "201 opens a case; the same conversation again is 200, with what is new added and nothing twice. What the customer claims finds an account and proves nothing; a session_token that is not genuine counts as none. Scope chat:write.",
		Errors:      []int{401, 403, 413, 422}, Security: bearerAuth(), DefaultStatus: http.StatusCreated, MaxBodyBytes: chatBytes, BodyReadTimeout: chatBodyTime, Responses: alsoOK(),
	}, s.apiHandoff)
	add(s, api, huma.Operation{
		OperationID: "get-chat", Method: http.MethodGet, Path: at, Summary: "A chat's state and messages",
		Description: "Scope chat:read.", Errors: []int{401, 403, 404}, Security: bearerAuth(),
	}, s.apiConversation)
	add(s, api, huma.Operation{
		OperationID: "add-chat-line", Method: http.MethodPost, Path: at + "/messages", Summary: "Add a line to a chat",
		Description: "A line whose id is known is 200 and changes nothing. Scope chat:write.",
		Errors:      []int{401, 403, 404, 413, 422}, Security: bearerAuth(), DefaultStatus: http.StatusCreated, MaxBodyBytes: chatBytes, BodyReadTimeout: chatBodyTime, Responses: alsoOK(),
	}, s.apiChatLine)
	add(s, api, huma.Operation{
		OperationID: "end-chat", Method: http.MethodPost, Path: at + "/end", Summary: "End a chat",
		Description: "What is told from then on goes to the registered contact. Scope chat:write.", Errors: []int{401, 403, 404, 422}, Security: bearerAuth(),
	}, s.apiChatEnd)
	add(s, api, huma.Operation{
		OperationID: "read-chat", Method: http.MethodPost, Path: at + "/read", Summary: "Tell what the customer has read",
		Description: "up_to is the id of an event or of a message; without it, everything. An answer that is neither read nor followed by a line of the customer within 10 minutes goes out by mail. Scope chat:write.",
		Errors:      []int{401, 403, 404, 422}, Security: bearerAuth(),
	}, s.apiChatRead)
	s.chatEventOperation(api)
}

// alsoOK says that an operation answers 200 as well as 201, with the same body.
func alsoOK() map[string]*huma.Response {
	return map[string]*huma.Response{"200": {Description: "Known already"}}
}

// The bounds of what is handed over at once.
const (
	chatBytes     = 32 << 20
	chatFileBytes = 10 << 20
	chatBodyTime  = time.Minute
)

type chatFile struct {
	Name    string `json:"name,omitempty" maxLength:"500"`
	Type    string `json:"type,omitempty" maxLength:"200" doc:"As claimed. The desk looks at the content."`
	Content string `json:"content_base64" doc:"Base64, at most 10 MB decoded."`
}

type chatLine struct {
	ID          string     `json:"id" minLength:"1" maxLength:"200" doc:"The app's own, unique within the conversation."`
	From        string     `json:"from" enum:"customer,bot,agent" doc:"bot and agent are the app's own."`
	At          *time.Time `json:"at,omitempty" nullable:"true"`
	Text        string     `json:"text,omitempty" maxLength:"10000"`
	Attachments []chatFile `json:"attachments,omitempty" maxItems:"10" nullable:"true"`
	// SessionToken refreshes the conversation's proof.
	SessionToken string `json:"session_token,omitempty" nullable:"true"`
}

type chatCustomer struct {
	Account      string        `json:"account,omitempty" maxLength:"200" nullable:"true"`
	Phone        string        `json:"phone,omitempty" maxLength:"50" nullable:"true"`
	Email        string        `json:"email,omitempty" maxLength:"254" nullable:"true"`
	Name         string        `json:"name,omitempty" maxLength:"200" nullable:"true"`
	SessionToken string        `json:"session_token,omitempty" nullable:"true" doc:"A JWT that the app signed, HS256: aud canceldesk, sub the account, conversation_id, exp at most 15 minutes ahead."`
	PaymentFacts []paymentFact `json:"payment_facts,omitempty" maxItems:"5" nullable:"true"`
}

type paymentFact struct {
	ChannelTxnID string `json:"channel_txn_id,omitempty" maxLength:"100" nullable:"true"`
	ChargedAt    string `json:"charged_at,omitempty" maxLength:"40" nullable:"true" doc:"A day, or an instant."`
	AmountFen    int64  `json:"amount_fen,omitempty" minimum:"0" nullable:"true"`
	CardTail     string `json:"card_tail,omitempty" maxLength:"4" nullable:"true"`
}

type handoffInput struct {
	Body struct {
		ConversationID string       `json:"conversation_id" minLength:"1" maxLength:"128" pattern:"^[^/\\s]+$" doc:"The app's own, unique for ever."`
		Customer       chatCustomer `json:"customer,omitempty"`
		Locale         string       `json:"locale,omitempty" maxLength:"35" nullable:"true"`
		Transcript     []chatLine   `json:"transcript,omitempty" maxItems:"500" nullable:"true"`
	}
}

type handoffOutput struct {
	Status int
	Body   struct {
		Ticket ListedTicket `json:"ticket"`
	}
}

func (s *Server) apiHandoff(ctx context.Context, _ echo.Context, in *handoffInput) (*handoffOutput, error) {
	b := in.Body
	facts, err := s.paymentFacts(b.Customer.PaymentFacts)
	if err != nil {
		return nil, err
	}
	h := tickets.Handover{
		ConversationID: b.ConversationID, Locale: b.Locale,
		Customer: tickets.ChatCustomer{
			Name:         plainLine(b.Customer.Name),
			Facts:        intent.Facts{Account: b.Customer.Account, Phone: b.Customer.Phone, Email: b.Customer.Email},
			PaymentFacts: facts,
		},
	}
	tokens := []string{b.Customer.SessionToken}
	for _, l := range b.Transcript {
		tokens = append(tokens, l.SessionToken)
	}
	s.prove(&h, tokens)
	if err := s.fillHandover(ctx, &h, b.Transcript, b.Customer); err != nil {
		return nil, err
	}
	if h.Session == nil {
		claimed := b.Customer
		err := s.lookUp(ctx, tickets.Identity{Account: claimed.Account, Phone: claimed.Phone, Email: claimed.Email, PaymentFacts: facts})
		if err != nil {
			return nil, err
		}
	}
	t, opened, err := s.desk.Handoff(ctx, h)
	if err != nil {
		return nil, err
	}
	out := handoffOutput{Status: http.StatusOK}
	if opened {
		out.Status = http.StatusCreated
	}
	out.Body.Ticket, err = s.chatTicket(ctx, t, b.ConversationID)
	return &out, err
}

// prove adds to a handover the session of the genuine token that lasts longest. Any other is only noted,
// and only where none is genuine.
func (s *Server) prove(h *tickets.Handover, tokens []string) {
	for _, token := range tokens {
		if token == "" {
			continue
		}
		session, err := s.cfg.Chat.Read(token, h.ConversationID, s.cfg.Now())
		switch {
		case err != nil && h.Session == nil:
			h.SessionWhy = err.Error()
		case err == nil && (h.Session == nil || session.ExpiresAt.After(h.Session.ExpiresAt)):
			h.Session, h.SessionWhy = &session, "signed by the app, until "+session.ExpiresAt.Format(time.RFC3339)
		}
	}
}

// fillHandover adds the lines and their attachments to a handover.
func (s *Server) fillHandover(ctx context.Context, h *tickets.Handover, lines []chatLine, claimed chatCustomer) error {
	var problems []problemDetail
	var raws [][]byte
	var with []int
	for i, l := range lines {
		line := tickets.ChatLine{ID: l.ID, From: tickets.Speaker(l.From), Text: l.Text}
		if l.At != nil {
			line.At = *l.At
		}
		if len(l.Attachments) > 0 {
			raw, listed, wrong := chatFiles(l, i)
			problems = append(problems, wrong...)
			line.Attachments, line.Content = listed, raw
			raws, with = append(raws, raw), append(with, i)
		}
		h.Lines = append(h.Lines, line)
	}
	if len(problems) > 0 {
		return &problem{
			Title: http.StatusText(http.StatusUnprocessableEntity), Status: http.StatusUnprocessableEntity, Code: string(tickets.Invalid),
			Detail: "An attachment can't be taken.", Errors: problems,
		}
	}
	var err error
	if h.Original, err = originalOf(*h, claimed); err != nil || len(raws) == 0 {
		return err
	}
	return s.keepFiles(ctx, h, raws, with)
}

// keepFiles stores the attachments of those lines that are new.
func (s *Server) keepFiles(ctx context.Context, h *tickets.Handover, raws [][]byte, with []int) error {
	ids := make([]string, len(with))
	for k, i := range with {
		ids[k] = h.Lines[i].ID
	}
	known, err := s.desk.KnownChatLines(ctx, h.ConversationID, ids)
	if err != nil {
		return err
	}
	var fresh [][]byte
	var lines []int
	for k, i := range with {
		if !slices.Contains(known, ids[k]) {
			fresh, lines = append(fresh, raws[k]), append(lines, i)
		}
	}
	refs, err := s.cfg.Keep(ctx, fresh)
	if err != nil {
		return fmt.Errorf("keep attachments: %w", err)
	}
	for k, i := range lines {
		h.Lines[i].Raw = refs[k]
	}
	return nil
}

// originalOf is the handover as the evidence commits to it: without tokens, and with the attachments'
// names for their contents.
func originalOf(h tickets.Handover, claimed chatCustomer) ([]byte, error) {
	type line struct {
		ID          string               `json:"id"`
		From        tickets.Speaker      `json:"from"`
		At          *time.Time           `json:"at,omitempty"`
		Text        string               `json:"text,omitempty"`
		Attachments []tickets.Attachment `json:"attachments,omitempty"`
	}
	claimed.SessionToken, claimed.PaymentFacts = "", nil
	all := make([]line, len(h.Lines))
	for i, l := range h.Lines {
		all[i] = line{ID: l.ID, From: l.From, Text: l.Text, Attachments: l.Attachments}
		if !l.At.IsZero() {
			all[i].At = &l.At
		}
	}
	b, err := json.Marshal(struct {
		ConversationID string       `json:"conversation_id"`
		Locale         string       `json:"locale,omitempty"`
		Customer       chatCustomer `json:"customer"`
		Transcript     []line       `json:"transcript"`
	}{h.ConversationID, h.Locale, claimed, all})
	if err != nil {
		return nil, fmt.Errorf("write handover: %w", err)
	}
	return b, nil
}

// paymentFacts reads what a payer states of debits.
func (s *Server) paymentFacts(list []paymentFact) ([]account.PaymentFact, error) {
	var out []account.PaymentFact
	for i, p := range list {
		f := account.PaymentFact{ChannelTxnID: strings.TrimSpace(p.ChannelTxnID), AmountFen: p.AmountFen, CardTail: p.CardTail}
		if at, err := time.Parse(time.RFC3339, p.ChargedAt); err == nil {
			f.ChargedAt = account.DateOf(at, s.cfg.Zone)
		} else if _, err := time.Parse(time.DateOnly, p.ChargedAt); err == nil {
			f.ChargedAt = account.Date(p.ChargedAt)
		} else if p.ChargedAt != "" {
			return nil, &tickets.Error{Kind: tickets.Invalid, Msg: fmt.Sprintf("customer.payment_facts[%d].charged_at is neither a day nor an instant.", i)}
		}
		out = append(out, f)
	}
	return out, nil
}

// chatTicket is the case as the app's server may see it. What would tell whose account it is, or whether
// there is one, is left out (handed) until a session that is valid now proves that the customer is its holder.
func (s *Server) chatTicket(ctx context.Context, t tickets.Ticket, conversationID string) (ListedTicket, error) {
	proofs, err := s.desk.Reader().Verifications(ctx, t.ID)
	if err != nil {
		return ListedTicket{}, err
	}
	if s.shows(t, conversationID, proofs) {
		all, err := s.listed(ctx, t)
		if err != nil {
			return ListedTicket{}, err
		}
		return all[0], nil
	}
	c, err := s.desk.Reader().Conversation(ctx, conversationID)
	if err != nil {
		return ListedTicket{}, err
	}
	return s.handed(t, tickets.Chat, c.Scope(), c.At), nil
}

// shows reports whether a session that is valid now proves that who chats is the holder of the case's account.
func (s *Server) shows(t tickets.Ticket, conversationID string, proofs []tickets.Verification) bool {
	now := tickets.Message{Scope: tickets.ChatScope(conversationID), At: s.cfg.Now()}
	return t.AccountNo != "" && tickets.LevelOf(proofs, now, tickets.ActShow, t.AccountNo) >= tickets.ActShow.Need(0, 0, false, false)
}

type chatLineInput struct {
	ConversationID string `path:"conversation_id" json:"-"`
	Body           chatLine
}

type chatLineOutput struct {
	Status int
	Body   struct {
		ID     string       `json:"id"`
		Ticket ListedTicket `json:"ticket"`
	}
}

func (s *Server) apiChatLine(ctx context.Context, _ echo.Context, in *chatLineInput) (*chatLineOutput, error) {
	if _, err := s.desk.Reader().Conversation(ctx, in.ConversationID); err != nil {
		return nil, noConversation(err)
	}
	h := tickets.Handover{ConversationID: in.ConversationID}
	s.prove(&h, []string{in.Body.SessionToken})
	if err := s.fillHandover(ctx, &h, []chatLine{in.Body}, chatCustomer{}); err != nil {
		return nil, err
	}
	t, added, err := s.desk.ChatLines(ctx, h)
	if err != nil {
		return nil, noConversation(err)
	}
	out := chatLineOutput{Status: http.StatusOK}
	if added {
		out.Status = http.StatusCreated
	}
	out.Body.ID = in.Body.ID
	out.Body.Ticket, err = s.chatTicket(ctx, t, in.ConversationID)
	return &out, err
}

func noConversation(err error) error {
	if errors.Is(err, tickets.NotFound) {
		return &tickets.Error{Kind: tickets.NotFound, Msg: "No such conversation was handed over.", Err: err}
	}
	return err
}
