package intent

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Line is one message as the intent command reads it, JSON Lines.
type Line struct {
	ID      string `json:"id"`
	Channel string `json:"channel"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
}

// Message gives the line's message.
func (l Line) Message() Message {
	return Message{Channel: l.Channel, Subject: l.Subject, Text: l.Text}
}

// Answer is what the intent command prints for one line.
type Answer struct {
	ID         string   `json:"id"`
	Intent     Intent   `json:"intent"`
	Intents    []Intent `json:"intents"`
	Flags      []Flag   `json:"flags"`
	Facts      Facts    `json:"facts"`
	Confidence float64  `json:"confidence"`
	Why        string   `json:"why"`
}

// Answer gives the understanding in the form that is printed. Lists are never
// null.
func (u Understanding) Answer(id string) Answer {
	a := Answer{
		ID: id, Intent: u.Intent, Intents: u.Intents, Flags: u.Flags,
		Facts: u.Facts, Confidence: u.Confidence, Why: strings.Join(u.Why, "; "),
	}
	if a.Flags == nil {
		a.Flags = []Flag{}
	}
	return a
}

// ParseLine reads one line of JSON. An id may be a string or a number; a line
// without a text and without a subject is an error, but an empty text that is
// there is a message: a blank mail.
func ParseLine(data []byte) (Line, error) {
	var l struct {
		Line
		ID   json.RawMessage `json:"id"`
		Text *string         `json:"text"`
	}
	if err := json.Unmarshal(data, &l); err != nil {
		return Line{}, fmt.Errorf("parse line: %w", err)
	}
	if err := l.setID(l.ID); err != nil {
		return Line{}, err
	}
	switch {
	case l.Text != nil:
		l.Line.Text = *l.Text
	case l.Subject == "":
		return Line{}, errors.New("parse line: no text")
	}
	return l.Line, nil
}

func (l *Line) setID(raw json.RawMessage) error {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	if json.Unmarshal(raw, &l.ID) == nil {
		return nil
	}
	var n json.Number
	if err := json.Unmarshal(raw, &n); err != nil {
		return errors.New("parse line: id is neither a string nor a number")
	}
	l.ID = n.String()
	return nil
}
