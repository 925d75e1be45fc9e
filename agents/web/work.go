package web

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// ticketID reads the ticket's number from the path.
func ticketID(c echo.Context) (int64, error) { return tickets.ParseNumber(c.Param("number")) }

// done goes back to the ticket and says there what was done.
func (s *Server) done(c echo.Context, id int64, key string, err error) error {
	if err != nil {
		return err
	}
	s.flash(c, key)
	return c.Redirect(http.StatusSeeOther, "/tickets/"+url.PathEscape(tickets.Number(id)))
}

// decode reads a form into its own type.
func decode(c echo.Context, form any) (int64, error) {
	if err := c.Bind(form); err != nil {
		return 0, &tickets.Error{Kind: tickets.Invalid, Msg: "Malformed request.", Err: err}
	}
	return ticketID(c)
}

func (s *Server) take(c echo.Context) error {
	id, err := ticketID(c)
	if err != nil {
		return err
	}
	_, err = s.desk.Take(c.Request().Context(), id, who(c).actor(), who(c).agent.Login)
	return s.done(c, id, "flash.taken", err)
}

func (s *Server) release(c echo.Context) error {
	id, err := ticketID(c)
	if err != nil {
		return err
	}
	_, err = s.desk.Take(c.Request().Context(), id, who(c).actor(), "")
	return s.done(c, id, "flash.released", err)
}

type textForm struct {
	Text string `form:"text"`
	To   string `form:"to"`
}

func (s *Server) reply(c echo.Context) error { return s.say(c, tickets.Reply, "flash.replied") }

func (s *Server) note(c echo.Context) error { return s.say(c, tickets.Note, "flash.noted") }

func (s *Server) say(c echo.Context, kind tickets.Direction, flash string) error {
	var f textForm
	id, err := decode(c, &f)
	if err != nil {
		return err
	}
	text := strings.ReplaceAll(f.Text, "\r\n", "\n")
	files, err := formFiles(c)
	if err == nil {
		var words tickets.Words
		if words, err = s.wordsWith(c.Request().Context(), text, files); err == nil {
			_, err = s.desk.Under(tickets.Terms{To: tickets.Party(f.To)}).SayWith(c.Request().Context(), id, who(c).actor(), kind, words)
		}
	}
	if err != nil && len(text) <= maxDraft {
		s.sessions.Put(c.Request().Context(), draftOf(id), text)
	}
	return s.done(c, id, flash, err)
}

// maxDraft bounds, in bytes, a text that is kept because it could not be taken: somebody else works on
// the case, say. What was written must not be lost with the refusal.
const maxDraft = 16 << 10

// draftOf names the text that a person wrote in the case and that was refused, in the person's session.
func draftOf(id int64) string { return "draft/" + tickets.Number(id) }

type intentForm struct {
	Intent string `form:"intent"`
}

func (s *Server) correct(c echo.Context) error {
	var f intentForm
	id, err := decode(c, &f)
	if err != nil {
		return err
	}
	for _, known := range intents() {
		if string(known) == f.Intent {
			_, err = s.desk.Correct(c.Request().Context(), id, who(c).actor(), known)
			return s.done(c, id, "flash.corrected", err)
		}
	}
	return &tickets.Error{Kind: tickets.Invalid, Msg: "Choose what the customer asks for."}
}

// intents are what a case can be about, in the order they are offered.
func intents() []intent.Intent {
	return []intent.Intent{
		intent.StopAutoRenew, intent.CancelAndRefund, intent.RefundMistakenCharge, intent.AssetDisposal,
		intent.EntryComplaint, intent.StatusInquiry, intent.Clarify, intent.NotCancellation,
	}
}

type accountForm struct {
	AccountNo     string   `form:"account_no"`
	Other         string   `form:"other"` // typed instead of chosen
	Subscriptions []string `form:"subscription"`
}

func (s *Server) relink(c echo.Context) error {
	var f accountForm
	id, err := decode(c, &f)
	if err != nil {
		return err
	}
	no := strings.TrimSpace(f.Other)
	if no == "" {
		no = f.AccountNo
	}
	if no == "" {
		return &tickets.Error{Kind: tickets.Invalid, Msg: "Choose an account or type its number."}
	}
	if err := s.lookUpAccount(c.Request().Context(), no); err != nil {
		return err
	}
	_, err = s.desk.Relink(c.Request().Context(), id, who(c).actor(), no, f.Subscriptions)
	return s.done(c, id, "flash.relinked", accountMissing(err))
}

// accountMissing says of an account that nobody has what can be done about it.
func accountMissing(err error) error {
	if errors.Is(err, tickets.NotFound) {
		return &tickets.Error{Kind: tickets.Invalid, Msg: "There is no account with this number.", Err: err}
	}
	return err
}

type runForm struct {
	Confirm string `form:"confirm"`
}

func (s *Server) run(c echo.Context) error {
	var f runForm
	id, err := decode(c, &f)
	if err != nil {
		return err
	}
	_, err = s.desk.Resume(c.Request().Context(), id, who(c).actor(), tickets.StepName(f.Confirm))
	return s.done(c, id, "flash.running", err)
}

type skipForm struct {
	Step   string `form:"step"`
	Reason string `form:"reason"`
}

func (s *Server) skip(c echo.Context) error {
	var f skipForm
	id, err := decode(c, &f)
	if err != nil {
		return err
	}
	_, err = s.desk.Skip(c.Request().Context(), id, who(c).actor(), tickets.StepName(f.Step), f.Reason)
	return s.done(c, id, "flash.skipped", err)
}

type withdrawForm struct {
	Reason string `form:"reason"`
}

// withdraw takes the request back for a customer who changed his mind; too late, it says what he can do.
func (s *Server) withdraw(c echo.Context) error {
	var f withdrawForm
	id, err := decode(c, &f)
	if err != nil {
		return err
	}
	desk := s.desk.Under(tickets.Terms{Note: strings.TrimSpace(f.Reason)})
	_, err = desk.Withdraw(c.Request().Context(), id, who(c).actor())
	return s.done(c, id, "flash.withdrawn", err)
}

type acceptForm struct {
	QuoteHash string `form:"quote_hash"`
	Words     string `form:"words"`
}

func (s *Server) accept(c echo.Context) error {
	var f acceptForm
	id, err := decode(c, &f)
	if err != nil {
		return err
	}
	_, err = s.desk.Accept(c.Request().Context(), id, who(c).actor(), f.QuoteHash, strings.TrimSpace(f.Words))
	return s.done(c, id, "flash.accepted", err)
}

func (s *Server) solve(c echo.Context) error {
	id, err := ticketID(c)
	if err != nil {
		return err
	}
	_, err = s.desk.Solve(c.Request().Context(), id, who(c).actor())
	return s.done(c, id, "flash.solved", err)
}
