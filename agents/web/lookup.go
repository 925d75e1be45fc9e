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

// lookUpFacts is lookUp of payment facts alone.
func (s *Server) lookUpFacts(ctx context.Context, facts []account.PaymentFact) error {
	return s.lookUp(ctx, tickets.Identity{PaymentFacts: facts})
}
