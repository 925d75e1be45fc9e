package tickets

import (
	"slices"
	"strings"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets/intent"
)

// Meant are the subscriptions the stated facts can mean: the one of a stated order or transaction,
// else those that renew (all of them where none does), narrowed by a stated period and amount.
func Meant(s account.Snapshot, f intent.Facts) []string {
	for _, ch := range s.Charges {
		if _, known := s.Subscription(ch.SubscriptionID); !known {
			continue
		}
		if (f.OrderNo != "" && ch.OrderNo == f.OrderNo) || (f.ChannelTxnID != "" && ch.ChannelTxnID == f.ChannelTxnID) {
			return []string{ch.SubscriptionID}
		}
	}
	subs := s.Renewing()
	if len(subs) == 0 {
		subs = s.Subscriptions
	}
	narrow := func(keep func(account.Subscription) bool) {
		if kept := slices.DeleteFunc(slices.Clone(subs), func(x account.Subscription) bool { return !keep(x) }); len(kept) > 0 {
			subs = kept
		}
	}
	if len(subs) > 1 && f.Period != "" {
		narrow(func(x account.Subscription) bool { return strings.EqualFold(string(x.Cycle), f.Period) })
	}
	if len(subs) > 1 && f.AmountFen != 0 {
		narrow(func(x account.Subscription) bool { return x.PriceFen == f.AmountFen })
	}
	ids := make([]string, len(subs))
	for i, x := range subs {
		ids[i] = x.ID
	}
	return ids
}
