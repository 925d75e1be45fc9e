package web

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/emersion/go-message"
	gomail "github.com/emersion/go-message/mail"
	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/tickets"
)

// chatFiles makes a line with its attachments one mail, so that they are kept, listed, served and handed
// on as evidence as those of mails are. It lists what it holds, and what can't be taken.
func chatFiles(l chatLine, line int) (raw []byte, listed []tickets.Attachment, wrong []problemDetail) {
	raw, listed, wrong, err := packFiles(l.ID, l.Text, l.Attachments, fmt.Sprintf("line %d, ", line))
	if err != nil {
		wrong = append(wrong, problemDetail{Location: "line " + strconv.Itoa(line), Message: "its attachments can't be kept"})
	}
	return raw, listed, wrong
}

// packFiles is chatFiles for any text with files; where begins the location of what can't be taken.
func packFiles(subject, text string, files []chatFile, where string) (raw []byte, listed []tickets.Attachment, wrong []problemDetail, err error) {
	var b bytes.Buffer
	var head gomail.Header
	head.SetText("Subject", subject)
	w, err := gomail.CreateWriter(&b, head)
	refuse := func(i int, why string) {
		wrong = append(wrong, problemDetail{Location: fmt.Sprintf("%sattachments[%d].content_base64", where, i), Message: why})
	}
	if err == nil {
		err = writePart(w, text)
	}
	for i, a := range files {
		if base64.StdEncoding.DecodedLen(len(a.Content)) > chatFileBytes+2 {
			refuse(i, "more than 10 MB")
			continue
		}
		content, bad := base64.StdEncoding.DecodeString(a.Content)
		switch {
		case bad != nil:
			refuse(i, "not base64")
			continue
		case len(content) > chatFileBytes:
			refuse(i, "more than 10 MB")
			continue
		}
		name, kind := safeName(a.Name), http.DetectContentType(content)
		kind, _, _ = strings.Cut(kind, ";")
		listed = append(listed, tickets.Attachment{Name: name, Type: kind, Bytes: int64(len(content))})
		if err == nil {
			err = writeFile(w, name, kind, content)
		}
	}
	if err == nil {
		err = w.Close()
	}
	return b.Bytes(), listed, wrong, err
}

func writePart(w *gomail.Writer, text string) error {
	var h gomail.InlineHeader
	h.SetContentType("text/plain", map[string]string{"charset": "utf-8"})
	h.Set("Content-Transfer-Encoding", "base64")
	p, err := w.CreateSingleInline(h)
	if err != nil {
		return err
	}
	if _, err := p.Write([]byte(text + "\r\n")); err != nil {
		return err
	}
	return p.Close()
}

func writeFile(w *gomail.Writer, name, kind string, content []byte) error {
	h := gomail.AttachmentHeader{Header: message.Header{}}
	h.SetContentType(kind, nil)
	h.SetFilename(name)
	h.Set("Content-Transfer-Encoding", "base64")
	p, err := w.CreateAttachment(h)
	if err != nil {
		return err
	}
	if _, err := p.Write(content); err != nil {
		return err
	}
	return p.Close()
}

// plainLine is one line of text that is safe to show anywhere.
func plainLine(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, s))
}

// ConversationState is a conversation's state.
type ConversationState struct {
	ConversationID string     `json:"conversation_id"`
	State          string     `json:"state" enum:"waiting,answered,read,ended"`
	Ticket         string     `json:"ticket" doc:"The number of the case that the next line belongs to."`
	Status         string     `json:"status" doc:"The case's status, while a session proves who chats; otherwise open, whatever becomes of it."`
	Locale         string     `json:"locale"`
	WaitingSince   *time.Time `json:"waiting_since"`
	ReadUpTo       string     `json:"read_up_to" doc:"The newest message of the desk that was read."`
	ReadAt         *time.Time `json:"read_at"`
	EndedAt        *time.Time `json:"ended_at"`
	EndedBy        string     `json:"ended_by"`
}

type apiChatMessage struct {
	ID          string          `json:"id" doc:"The app's own id for its lines, desk- and a number for the desk's."`
	From        string          `json:"from" enum:"customer,bot,agent,desk" doc:"desk is the desk by rule, agent a person."`
	At          time.Time       `json:"at"`
	Text        string          `json:"text"`
	Attachments []apiAttachment `json:"attachments"`
}

type conversationInput struct {
	ConversationID string `path:"conversation_id" json:"-"`
}

type conversationOutput struct {
	Body struct {
		ConversationState
		Messages []apiChatMessage `json:"messages"`
	}
}

func (s *Server) apiConversation(ctx context.Context, _ echo.Context, in *conversationInput) (*conversationOutput, error) {
	r := s.desk.Reader()
	c, err := r.Conversation(ctx, in.ConversationID)
	if err != nil {
		return nil, noConversation(err)
	}
	said, err := r.ChatMessages(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	var out conversationOutput
	if out.Body.ConversationState, err = s.conversationOut(ctx, c); err != nil {
		return nil, err
	}
	out.Body.Messages = make([]apiChatMessage, 0, len(said))
	for _, m := range said {
		out.Body.Messages = append(out.Body.Messages, s.chatMessageOut(m))
	}
	return &out, nil
}

func (s *Server) conversationOut(ctx context.Context, c tickets.Conversation) (ConversationState, error) {
	t, err := s.desk.Reader().Ticket(ctx, c.TicketID)
	if err != nil {
		return ConversationState{}, err
	}
	proofs, err := s.desk.Reader().Verifications(ctx, t.ID)
	if err != nil {
		return ConversationState{}, err
	}
	status := tickets.Open
	if s.shows(t, c.ID, proofs) {
		status = t.Status
	}
	out := ConversationState{
		ConversationID: c.ID, State: string(c.State), Ticket: t.Number(), Status: string(status), Locale: c.Locale,
		WaitingSince: s.stampOr(c.WaitingSince), ReadAt: s.stampOr(c.ReadAt), EndedAt: s.stampOr(c.EndedAt), EndedBy: c.EndedBy,
	}
	if c.ReadUpTo != 0 {
		out.ReadUpTo = tickets.Message{ID: c.ReadUpTo}.ChatID()
	}
	return out, nil
}

// chatMessageOut is a message as the app shows it.
func (s *Server) chatMessageOut(m tickets.Message) apiChatMessage {
	out := apiChatMessage{ID: m.ChatID(), From: "agent", At: s.stamp(m.At), Text: m.Text, Attachments: make([]apiAttachment, 0, len(m.Attachments))}
	switch {
	case m.Direction == tickets.Inbound:
		out.From = string(tickets.SaidByCustomer)
	case m.Sender == string(tickets.DeskActor):
		out.From = "desk"
	case m.Sender == "app_"+string(tickets.SaidByBot):
		out.From = string(tickets.SaidByBot)
	}
	for _, a := range m.Attachments {
		out.Attachments = append(out.Attachments, apiAttachment(a))
	}
	return out
}

type chatEndInput struct {
	ConversationID string `path:"conversation_id" json:"-"`
	Body           *struct {
		By     string `json:"by,omitempty" maxLength:"50" nullable:"true" doc:"Who ended it, such as customer or app."`
		Reason string `json:"reason,omitempty" maxLength:"500" nullable:"true"`
	}
}

type chatStateOutput struct{ Body ConversationState }

func (s *Server) apiChatEnd(ctx context.Context, _ echo.Context, in *chatEndInput) (*chatStateOutput, error) {
	var by, reason string
	if in.Body != nil {
		by, reason = plainLine(in.Body.By), plainLine(in.Body.Reason)
	}
	c, err := s.desk.ChatEnd(ctx, in.ConversationID, by, reason)
	return s.chatState(ctx, c, err)
}

type chatReadInput struct {
	ConversationID string `path:"conversation_id" json:"-"`
	Body           *struct {
		UpTo any        `json:"up_to,omitempty" doc:"The id of an event or of a message, as it came; none is everything."`
		At   *time.Time `json:"at,omitempty" nullable:"true"`
	}
}

func (s *Server) apiChatRead(ctx context.Context, _ echo.Context, in *chatReadInput) (*chatStateOutput, error) {
	var upTo string
	var at time.Time
	if in.Body != nil {
		switch v := in.Body.UpTo.(type) {
		case nil:
		case string:
			upTo = v
		case float64:
			upTo = strconv.FormatInt(int64(v), 10)
		default:
			return nil, &tickets.Error{Kind: tickets.Invalid, Msg: "up_to must be the id of an event or of a message."}
		}
		if in.Body.At != nil {
			at = *in.Body.At
		}
	}
	c, err := s.desk.ChatRead(ctx, in.ConversationID, upTo, at)
	return s.chatState(ctx, c, err)
}

func (s *Server) chatState(ctx context.Context, c tickets.Conversation, err error) (*chatStateOutput, error) {
	if err != nil {
		return nil, noConversation(err)
	}
	out, err := s.conversationOut(ctx, c)
	return &chatStateOutput{Body: out}, err
}

// Chatting reports whether a reply goes into a chat.
func (v ticketView) Chatting() bool {
	return slices.ContainsFunc(v.Chats, func(c tickets.Conversation) bool { return c.EndedAt == nil })
}

// chatShown reports whether everybody who chats in the case is proven now to hold its account.
func (s *Server) chatShown(v ticketView) bool {
	return !slices.ContainsFunc(v.Chats, func(c tickets.Conversation) bool {
		now := tickets.Message{Scope: c.Scope(), At: s.cfg.Now()}
		return c.EndedAt == nil && tickets.LevelOf(v.Verifications, now, tickets.ActShow, v.Ticket.AccountNo) < tickets.ActShow.Need(0, 0, false, false)
	})
}
