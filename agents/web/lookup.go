package web

import (
	"context"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// lookUpTime bounds how long somebody waits for the platform while he tells of a case.
const lookUpTime = 5 * time.Second

// lookUp has the platform tell of the accounts that an identity points at, where it keeps them, so that
// payment facts are held against what it knows. Facts that can't be held against anything just now are
// Unavailable and not wrong: whoever told of them comes again. Without any the steps look the account up.
func (s *Server) lookUp(ctx context.Context, id tickets.Identity) error {
	if s.cfg.Directory == nil || len(id.PaymentFacts) == 0 {
		return nil
	}
	type key struct {
		by    tickets.AccountKey
		value string
	}
	keys := []key{
		{tickets.ByAccount, id.Account}, {tickets.ByPhone, id.Phone}, {tickets.ByEmail, id.Email}, {tickets.ByOrderNo, id.OrderNo},
	}
	for _, f := range id.PaymentFacts {
		keys = append(keys, key{tickets.ByTxnID, f.ChannelTxnID})
	}
	ctx, cancel := context.WithTimeout(ctx, lookUpTime)
	defer cancel()
	for _, k := range keys {
		if k.value == "" {
			continue
		}
		if _, err := s.cfg.Directory.Find(ctx, k.by, k.value); err != nil {
			return err
		}
	}
	return nil
}

// lookUpRefunded has the platform tell of the account that a refund goes back to, before somebody releases
// it by figures that may be old: the platform may have paid something back itself. Unavailable where it
// can't be asked; the refund then waits.
func (s *Server) lookUpRefunded(ctx context.Context, refundID string) error {
	if s.cfg.Directory == nil {
		return nil
	}
	r, err := s.desk.Undecided(ctx, refundID)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, lookUpTime)
	defer cancel()
	_, err = s.cfg.Directory.Find(ctx, tickets.ByAccount, r.AccountNo)
	return err
}

// lookUpAccount has the platform tell of an account that somebody names, before it is said that nobody has it.
// Unavailable where it can't be asked: then nobody knows whether there is one.
func (s *Server) lookUpAccount(ctx context.Context, no string) error {
	_, err := s.findAccounts(ctx, tickets.ByAccount, no)
	return err
}

// findAccounts are the accounts that a value points at: by what the platform answers where it keeps them, else
// by what the desk was told.
func (s *Server) findAccounts(ctx context.Context, by tickets.AccountKey, value string) ([]string, error) {
	if s.cfg.Directory == nil {
		return s.desk.Reader().FindAccounts(ctx, by, value)
	}
	ctx, cancel := context.WithTimeout(ctx, lookUpTime)
	defer cancel()
	return s.cfg.Directory.Find(ctx, by, value)
}

// lookUpFacts is lookUp of payment facts alone.
func (s *Server) lookUpFacts(ctx context.Context, facts []account.PaymentFact) error {
	return s.lookUp(ctx, tickets.Identity{PaymentFacts: facts})
}
