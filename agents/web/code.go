package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/agents"
	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// by is the caller as events name him.
func (c caller) by() tickets.Actor {
	if c.key.ID != 0 {
		return tickets.Actor("key:" + strconv.FormatInt(c.key.ID, 10))
	}
	return c.actor()
}

// enters is who enters a code on a public route: the customer, unless the request brings an agent's
// session or any key. What it brings has to be good.
func (s *Server) enters(c echo.Context) (tickets.Actor, error) {
	if c.Request().Header.Get(echo.HeaderAuthorization) != "" {
		by, err := s.identify(c)
		return by.by(), err
	}
	if loaded, _ := c.Get(sessionLoaded).(bool); loaded {
		a, err := s.sessionAgent(c.Request().Context())
		switch {
		case err == nil:
			return tickets.AgentActor(a.Login), nil
		case !errors.Is(err, tickets.Unauthenticated):
			return "", err
		}
	}
	return tickets.CustomerActor, nil
}

// takeCode enters a code, with few tries for one address whatever the code's id.
func (s *Server) takeCode(ctx context.Context, c echo.Context, id, code string) (tickets.Verification, error) {
	by, err := s.enters(c)
	if err != nil {
		return tickets.Verification{}, err
	}
	n, err := s.cfg.People.Hit(ctx, "code/"+agents.HashKey(c.RealIP())[:32], s.cfg.Now(), agents.TryWindow)
	switch {
	case err != nil:
		return tickets.Verification{}, err
	case n > agents.AddressTries:
		return tickets.Verification{}, &tickets.Error{Kind: tickets.TooMany, Msg: "Too many tries. Wait 15 minutes, then try again."}
	}
	return s.desk.EnterCode(ctx, id, code, by)
}

// codeView is the page on which a code is entered. It is the same for every id.
type codeView struct {
	ID    string
	Wrong bool
	Done  bool
}

func (s *Server) codePage(c echo.Context) error {
	return s.render(c, http.StatusOK, "code", codeView{ID: c.Param("id")})
}

func (s *Server) enterCode(c echo.Context) error {
	_, err := s.takeCode(c.Request().Context(), c, c.Param("id"), c.FormValue("code"))
	if errors.Is(err, tickets.Invalid) {
		return s.render(c, http.StatusUnprocessableEntity, "code", codeView{ID: c.Param("id"), Wrong: true})
	}
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "code", codeView{Done: true})
}

type sendCodeForm struct {
	Action    string `form:"action"`
	To        string `form:"to"`
	QuoteHash string `form:"quote_hash"`
}

// sendCode has a code sent to the account's contact, as an agent asks for it.
func (s *Server) sendCode(c echo.Context) error {
	var f sendCodeForm
	id, err := decode(c, &f)
	if err != nil {
		return err
	}
	r := tickets.CodeRequest{Action: tickets.Action(f.Action), To: tickets.CodeWay(f.To)}
	if r.Action == tickets.ActRefund {
		r.QuoteHash = f.QuoteHash
	}
	_, err = s.desk.RequestCode(c.Request().Context(), id, who(c).by(), r)
	return s.done(c, id, "flash.code", err)
}

// readCode enters a code that the customer read out.
func (s *Server) readCode(c echo.Context) error {
	id, err := ticketID(c)
	if err != nil {
		return err
	}
	all, err := s.desk.Reader().Codes(c.Request().Context(), id)
	if err != nil {
		return err
	}
	newest := ""
	for _, code := range all {
		if code.Sent() {
			newest = code.PublicID
		}
	}
	_, err = s.takeCode(c.Request().Context(), c, newest, c.FormValue("code"))
	return s.done(c, id, "flash.coderead", err)
}

type factsForm struct {
	First     string `form:"txn_1"`
	Second    string `form:"txn_2"`
	ChargedAt string `form:"charged_at"`
	Amount    string `form:"amount"` // in yuan
	CardTail  string `form:"card_tail"`
}

// facts are what the form states; half a fact stays one, and is then not so.
func (f factsForm) facts() []account.PaymentFact {
	fen := int64(0)
	if yuan, err := strconv.ParseFloat(strings.TrimLeft(strings.TrimSpace(f.Amount), "¥￥"), 64); err == nil && yuan > 0 && yuan < 1e9 {
		fen = int64(yuan*100 + 0.5)
	}
	all := []account.PaymentFact{
		{ChannelTxnID: strings.TrimSpace(f.First)},
		{ChannelTxnID: strings.TrimSpace(f.Second)},
		{ChargedAt: account.Date(strings.TrimSpace(f.ChargedAt)), AmountFen: fen, CardTail: strings.TrimSpace(f.CardTail)},
	}
	return slices.DeleteFunc(all, func(x account.PaymentFact) bool { return x == account.PaymentFact{} })
}

// checkFacts tells an agent whether what a caller knows of his debits is so, as a whole.
func (s *Server) checkFacts(c echo.Context) error {
	var f factsForm
	id, err := decode(c, &f)
	if err != nil {
		return err
	}
	if err := s.lookUpFacts(c.Request().Context(), f.facts()); err != nil {
		return s.done(c, id, "flash.facts", err)
	}
	matched, err := s.desk.CheckFacts(c.Request().Context(), id, who(c).by(), f.facts())
	if err == nil && !matched {
		err = &tickets.Error{Kind: tickets.Conflict, Msg: "This does not match. Nothing was changed."}
	}
	return s.done(c, id, "flash.facts", err)
}

// Contact is where a code of that way goes, "" where it can't.
func (v ticketView) Contact(way string) string {
	if v.Account == nil {
		return ""
	}
	return v.codes.ContactOf(v.Account.Account, tickets.CodeWay(way), v.now)
}

// LastCode is the newest code of the case that can still be entered.
func (v ticketView) LastCode() *tickets.Code {
	if n := len(v.Codes); n > 0 && v.Codes[n-1].Open(v.now) {
		return &v.Codes[n-1]
	}
	return nil
}

// withCodes adds to the ticket's page what was sent to prove who speaks.
func (v *ticketView) withCodes(ctx context.Context, s *Server, now time.Time) error {
	v.codes, v.now = s.desk.Settings().Codes, now
	all, err := s.desk.Reader().Codes(ctx, v.Ticket.ID)
	v.Codes = slices.DeleteFunc(all, func(c tickets.Code) bool { return !c.Sent() })
	return err
}
