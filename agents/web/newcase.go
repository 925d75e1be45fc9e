package web

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// caseForm is what an agent writes down of a call, a letter or a visit.
type caseForm struct {
	How      string `form:"how"` // phone, letter or counter
	Received string `form:"received"`
	Reason   string `form:"received_reason"`
	CallID   string `form:"call_id"`
	Caller   string `form:"caller"`
	Account  string `form:"account"`
	Phone    string `form:"phone"`
	Email    string `form:"email"`
	OrderNo  string `form:"order_no"`
	Txn1     string `form:"txn_1"`
	Txn2     string `form:"txn_2"`
	Date     string `form:"charged_on"`
	Amount   string `form:"amount"`
	Tail     string `form:"card_tail"`
	Text     string `form:"text"`
}

// localMinute is how a browser's field for date and time writes them.
const localMinute = "2006-01-02T15:04"

// caseView is the page on which a new case is written down.
type caseView struct {
	Form     caseForm
	Matching *tickets.Matching
	Problem  string
}

// Hows are the ways a case comes in that somebody has to write down.
func (caseView) Hows() []string { return []string{"phone", "letter", "counter"} }

func (s *Server) newCase(c echo.Context) error {
	f := caseForm{How: "phone", Received: s.cfg.Now().In(s.cfg.Zone).Format(localMinute)}
	return s.render(c, http.StatusOK, "newcase", caseView{Form: f})
}

// checkCase tells which of the stated facts fit an account, and never what is on file.
func (s *Server) checkCase(c echo.Context) error {
	var f caseForm
	if err := c.Bind(&f); err != nil {
		return &tickets.Error{Kind: tickets.Invalid, Msg: "Malformed request.", Err: err}
	}
	id, err := f.identity()
	if err != nil {
		return s.askAgain(c, f, err)
	}
	if err := s.lookUp(c.Request().Context(), id); err != nil {
		return s.askAgain(c, f, err)
	}
	m, err := s.desk.Match(c.Request().Context(), who(c).by(), id)
	if err != nil {
		return s.askAgain(c, f, err)
	}
	return s.render(c, http.StatusOK, "newcase", caseView{Form: f, Matching: &m})
}

// openCase makes the case and leads to it.
func (s *Server) openCase(c echo.Context) error {
	var f caseForm
	if err := c.Bind(&f); err != nil {
		return &tickets.Error{Kind: tickets.Invalid, Msg: "Malformed request.", Err: err}
	}
	received, err := time.ParseInLocation(localMinute, f.Received, s.cfg.Zone)
	if err != nil {
		return s.askAgain(c, f, &tickets.Error{Kind: tickets.Invalid, Msg: "Say when it came in.", Err: err})
	}
	id, err := f.identity()
	if err != nil {
		return s.askAgain(c, f, err)
	}
	if strings.TrimSpace(f.Text) == "" {
		return s.askAgain(c, f, &tickets.Error{Kind: tickets.Invalid, Msg: "Write down what was said."})
	}
	t, err := s.takeDown(c, f, id, received)
	if err != nil {
		return s.askAgain(c, f, err)
	}
	s.flash(c, "flash.opened")
	return c.Redirect(http.StatusSeeOther, "/tickets/"+url.PathEscape(t.Number()))
}

func (s *Server) takeDown(c echo.Context, f caseForm, id tickets.Identity, received time.Time) (tickets.Ticket, error) {
	ctx, by := c.Request().Context(), who(c)
	if err := s.lookUp(ctx, id); err != nil {
		return tickets.Ticket{}, err
	}
	if f.How != "phone" {
		return s.desk.Open(ctx, by.actor(), tickets.HandTaken{
			Channel: tickets.Other, ReceivedAt: received, Reason: f.Reason, Identity: id, Text: f.Text, Scope: "hand/" + rand.Text(), Taken: by.agent.Login,
		})
	}
	call := strings.TrimSpace(f.CallID)
	if call == "" {
		call = "desk-" + strings.ToLower(rand.Text())
	}
	t, _, err := s.desk.Call(ctx, by.actor(), tickets.CallReport{
		ID: call, Direction: tickets.CallInbound, Caller: f.Caller, Agent: by.agent.Login, StartedAt: received, Identity: id,
		Summary: f.Text, Taken: by.agent.Login, Reason: f.Reason,
	})
	return t, err
}

// askAgain shows the form with what was typed and what is wrong with it.
func (s *Server) askAgain(c echo.Context, f caseForm, err error) error {
	var e *tickets.Error
	if !errors.As(err, &e) || e.Msg == "" || e.Kind == tickets.Unavailable {
		return err
	}
	return s.render(c, http.StatusUnprocessableEntity, "newcase", caseView{Form: f, Problem: e.Msg})
}

// identity is what the customer says he is.
func (f caseForm) identity() (tickets.Identity, error) {
	id := tickets.Identity{Account: f.Account, Phone: f.Phone, Email: f.Email, OrderNo: f.OrderNo}
	for _, txn := range []string{f.Txn1, f.Txn2} {
		if txn = strings.TrimSpace(txn); txn != "" {
			id.PaymentFacts = append(id.PaymentFacts, account.PaymentFact{ChannelTxnID: txn})
		}
	}
	day, amount, tail := strings.TrimSpace(f.Date), strings.TrimSpace(f.Amount), strings.TrimSpace(f.Tail)
	if day+amount+tail == "" {
		return id, nil
	}
	fen, err := account.ParseYuan(strings.TrimPrefix(strings.TrimPrefix(amount, "¥"), "￥"))
	if err != nil {
		return id, &tickets.Error{Kind: tickets.Invalid, Msg: "A payment fact is a transaction number, or date, amount and the card's last four digits together.", Err: err}
	}
	if _, err := time.Parse(time.DateOnly, day); err != nil {
		return id, &tickets.Error{Kind: tickets.Invalid, Msg: "A payment fact is a transaction number, or date, amount and the card's last four digits together.", Err: err}
	}
	id.PaymentFacts = append(id.PaymentFacts, account.PaymentFact{ChargedAt: account.Date(day), AmountFen: fen, CardTail: tail})
	return id, nil
}

// told records what an agent told the customer by word of mouth.
func (s *Server) told(c echo.Context) error {
	var f textForm
	id, err := decode(c, &f)
	if err != nil {
		return err
	}
	_, err = s.desk.Told(c.Request().Context(), id, who(c).actor(), f.Text)
	return s.done(c, id, "flash.told", err)
}
