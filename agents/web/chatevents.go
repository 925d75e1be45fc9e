package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/tickets"
)

// How the stream of chat events is kept up.
const (
	chatLook  = 200 * time.Millisecond // between looks for what is new
	chatBeat  = 15 * time.Second       // between signs of life where nothing is
	chatBatch = 200
	// chatReaders is how many streams may be open at once: an app's server needs one.
	chatReaders = 64
)

type chatEventsInput struct {
	After string `query:"after" doc:"The id of the last event that was seen; without it, from the first."`
	Last  string `header:"Last-Event-ID" doc:"The same, as a reader sends it that connects anew."`
}

// apiChatEvent is the data of one event.
type apiChatEvent struct {
	ID             int64           `json:"id"`
	ConversationID string          `json:"conversation_id"`
	Type           string          `json:"type" enum:"message,state,ended"`
	At             time.Time       `json:"at"`
	State          string          `json:"state,omitempty" doc:"For a state: waiting, answered, read, or with_agent while a person has the case."`
	Message        *apiChatMessage `json:"message,omitempty"`
}

func (s *Server) chatEventOperation(api huma.API) {
	schema := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[apiChatEvent](), true, "ChatEvent")
	add(s, api, huma.Operation{
		OperationID: "chat-events", Method: http.MethodGet, Path: "/v1/chat/events", Summary: "What happens in all chats",
		Description: "Server-Sent Events: the answers to show and what became of conversations, in an order that stays. 410 where after is past the newest event, as after the desk was restored from a backup: start again after the event that the answer names, and read the open conversations' state. For the app's server: the key never reaches a phone. Scope chat:read.",
		Errors:      []int{401, 403, 410, 422, 429}, Security: bearerAuth(),
		Responses: map[string]*huma.Response{"200": {
			Description: "Events whose data is a ChatEvent", Content: map[string]*huma.MediaType{"text/event-stream": {Schema: schema}},
		}},
	}, s.apiChatEvents)
}

func (s *Server) apiChatEvents(ctx context.Context, c echo.Context, in *chatEventsInput) (*huma.StreamResponse, error) {
	var after int64
	for _, given := range []string{in.After, in.Last} {
		if given == "" {
			continue
		}
		n, err := strconv.ParseInt(given, 10, 64)
		if err != nil || n < 0 {
			return nil, &tickets.Error{Kind: tickets.Invalid, Msg: "after is not the id of an event."}
		}
		after = max(after, n)
	}
	switch last, err := s.desk.Reader().LastChatEvent(ctx); {
	case err != nil:
		return nil, err
	case after > last: // it would wait for ever, and miss all that comes until then
		return nil, &problem{
			Title: http.StatusText(http.StatusGone), Status: http.StatusGone, Code: codeOf(http.StatusGone),
			Detail: fmt.Sprintf("There is no event %d: the newest is %d. Start again with after=%d, and read the state of the open conversations.", after, last, last),
		}
	}
	if s.readers.Add(1) > chatReaders {
		s.readers.Add(-1)
		return nil, &tickets.Error{Kind: tickets.TooMany, Msg: "Too many readers are connected."}
	}
	return &huma.StreamResponse{Body: func(h huma.Context) {
		defer s.readers.Add(-1)
		h.SetHeader(echo.HeaderContentType, "text/event-stream")
		h.SetHeader(echo.HeaderCacheControl, "no-store")
		h.SetHeader("X-Accel-Buffering", "no") // a proxy passes on what there is
		h.SetStatus(http.StatusOK)
		if err := s.streamChat(h.Context(), c.Response(), after); err != nil && !errors.Is(err, context.Canceled) {
			s.cfg.Log.WarnContext(h.Context(), "stream of chat events broke off", "error", err)
		}
	}}, nil
}

// streamChat writes events until the reader goes or the program ends.
func (s *Server) streamChat(ctx context.Context, w http.ResponseWriter, after int64) error {
	flush := http.NewResponseController(w)
	look, beat := time.NewTicker(chatLook), time.NewTicker(chatBeat)
	defer look.Stop()
	defer beat.Stop()
	if _, err := io.WriteString(w, ": chat events\n\n"); err != nil {
		return err
	}
	for {
		next, err := s.writeChatEvents(ctx, w, after)
		if err != nil {
			return err
		}
		if next != after {
			beat.Reset(chatBeat)
		}
		after = next
		if err := flush.Flush(); err != nil {
			return err
		}
		select {
		case <-look.C:
		case <-beat.C:
			if _, err := io.WriteString(w, ": still here\n\n"); err != nil {
				return err
			}
		case <-s.cfg.Stop:
			return nil
		case <-ctx.Done():
			return nil
		}
	}
}

// writeChatEvents writes all events after an id and returns the last one's.
func (s *Server) writeChatEvents(ctx context.Context, w io.Writer, after int64) (int64, error) {
	r := s.desk.Reader()
	for {
		list, err := r.ChatEvents(ctx, after, chatBatch)
		if err != nil {
			return after, err
		}
		for _, e := range list {
			out := apiChatEvent{ID: e.ID, ConversationID: e.ConversationID, Type: string(e.Type), At: s.stamp(e.At), State: e.State}
			if e.Type == tickets.ChatMessage {
				m, err := r.Message(ctx, e.MessageID)
				if err != nil {
					return after, err
				}
				said := s.chatMessageOut(m)
				out.Message = &said
			}
			data, err := json.Marshal(out)
			if err != nil {
				return after, fmt.Errorf("write chat event: %w", err)
			}
			if _, err := fmt.Fprintf(w, "id: %d\nevent: %s\ndata: %s\n\n", e.ID, e.Type, data); err != nil {
				return after, err
			}
			after = e.ID
		}
		if len(list) < chatBatch {
			return after, nil
		}
	}
}
