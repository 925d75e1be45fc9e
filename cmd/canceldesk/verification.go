package main

import (
	"fmt"
	"net/http"

	"github.com/canceldesk/canceldesk/agents/reply"
	"github.com/canceldesk/canceldesk/tickets"
)

// verification adds to the desk's rules how people prove who they are: codes, links to customers' pages,
// and the text messages that carry them.
func (a *app) verification(s *tickets.Settings) error {
	sms := a.config.SMS
	s.Codes = tickets.Codes{Key: a.keys.codes, SMS: sms.Provider != "none"}
	s.Pages = tickets.PageLinks{Key: a.keys.codes}
	quiet, err := tickets.ParseQuiet(sms.Quiet)
	if err != nil {
		return fmt.Errorf("sms.quiet: %w", err)
	}
	s.Texts = tickets.Texts{Quiet: quiet, Templates: map[tickets.Tell]string{}}
	for say, id := range sms.Templates {
		s.Texts.Templates[tickets.Tell(say)] = id
	}
	switch sms.Provider {
	case "log":
		a.texts = reply.NewTextLog(a.now)
		a.texter = a.texts
	case "webhook":
		a.texter = reply.Gateway{URL: sms.URL, Secret: sms.Secret, Client: &http.Client{}, Now: a.now}
	}
	return nil
}
