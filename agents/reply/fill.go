package reply

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/emersion/go-message"

	"github.com/canceldesk/canceldesk/tickets"
)

// filledIn is what goes out of a row: its bytes, with the recipient's own link where it is kept as a mark,
// and in those of a code the digits. The same row gives the same bytes each time. A code that nobody can
// use any more has none.
func (s *Sender) filledIn(ctx context.Context, o tickets.Outgoing) ([]byte, error) {
	if o.Tell != tickets.TellCode {
		return s.linked(o)
	}
	id, err := strconv.ParseInt(o.Key[strings.LastIndexByte(o.Key, '/')+1:], 10, 64)
	if err != nil {
		return nil, fmt.Errorf("key of a code: %w", err)
	}
	c, err := s.store.Code(ctx, id)
	if err != nil || !c.Open(s.now()) {
		return nil, err
	}
	return bytes.ReplaceAll(o.Raw, []byte(tickets.CodeMark), []byte(s.ways.Codes.Digits(c))), nil
}

// linked puts the recipient's link in the place of its mark.
func (s *Sender) linked(o tickets.Outgoing) ([]byte, error) {
	mark, link := []byte(tickets.PageMark), []byte(s.ways.Pages.Token(o.TicketID, o.Recipient, o.At))
	if o.Channel == tickets.BySMS {
		return bytes.ReplaceAll(o.Raw, mark, link), nil
	}
	e, err := message.Read(bytes.NewReader(o.Raw))
	if err != nil {
		return nil, fmt.Errorf("read mail: %w", err)
	}
	if before, part, after, ok := textPart(e.Header, o.Raw); ok {
		text, err := filled([]byte(part), mark, link)
		return slices.Concat([]byte(before), text, []byte(after)), err
	}
	return filled(o.Raw, mark, link)
}

// filled is a mail, or a part, of one text with a mark in it replaced.
func filled(raw, mark, link []byte) ([]byte, error) {
	e, err := message.Read(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("read mail: %w", err)
	}
	body, err := io.ReadAll(e.Body)
	if err != nil {
		return nil, fmt.Errorf("read mail: %w", err)
	}
	if !bytes.Contains(body, mark) {
		return raw, nil
	}
	return written(e.Header, bytes.ReplaceAll(body, mark, link))
}

// written is a mail of one text, in the encoding that its header names.
func written(h message.Header, body []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := message.CreateWriter(&b, h)
	if err != nil {
		return nil, fmt.Errorf("write mail: %w", err)
	}
	if _, err := w.Write(body); err != nil {
		return nil, fmt.Errorf("write mail: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("write mail: %w", err)
	}
	if !bytes.HasSuffix(b.Bytes(), []byte("\r\n")) {
		b.WriteString("\r\n")
	}
	return b.Bytes(), nil
}
