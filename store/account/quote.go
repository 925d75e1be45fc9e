package account

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Mode is when a subscription's use ends.
type Mode string

// The modes. They exclude each other: either the member uses what is paid for, or the unused part
// comes back and access ends at once, which needs the member's acceptance.
const (
	PeriodEnd Mode = "period_end"
	Now       Mode = "now"
)

// ruleVersion names the rules of this file and of Prorate. It changes whenever the same snapshot
// would be answered differently, so that an old quote still says by what it was made.
const ruleVersion = "2026-11"

// defaultCurrency is the currency of a quote in which no charge says another.
const defaultCurrency = "CNY"

// ErrNotQuotable is wrapped by every error of MakeQuote; its text says what a person has to settle.
var ErrNotQuotable = errors.New("not quotable")

// ErrMixedCurrencies is the ErrNotQuotable of charges in different currencies, which are never added.
var ErrMixedCurrencies = fmt.Errorf("%w: the charges are in different currencies, quote their subscriptions one by one", ErrNotQuotable)

// QuoteRules are the settings a quote is made under.
type QuoteRules struct {
	Zone     *time.Location // the desk's; decides to which day an instant belongs
	Policy   Policy
	Validity time.Duration // how long the quote holds
}

// Quote is what will happen, to the fen, with what it was made from.
type Quote struct {
	// Mode is what the quote amounts to: PeriodEnd also where Now was asked for and no subscription
	// would get anything back for ending early.
	Mode        Mode
	AsOf        Date // the local day of the request, which refunds count from however late we are
	RuleVersion string
	// Hash is SHA-256 in hex over everything that decides the amounts. It does not change with the
	// hour of the asking, so an acceptance holds as long as its inputs do.
	Hash      string
	ExpiresAt time.Time
	Currency  string
	RefundFen int64 // the sum of the lines
	// LastDayOfUse is the latest of the subscriptions', inclusive; "" where one's is not known.
	LastDayOfUse Date
	// NextChargeAt is the earliest debit that no longer happens; nil where none was due.
	NextChargeAt    *time.Time
	SubscriptionIDs []string // sorted, each once
	Ends            []QuoteEnd
	Lines           []QuoteLine // newest charge first; each is refunded to its own payer, never pooled
	Assets          []QuoteAsset
	NotKnown        []string   // "code:id", put into words by NotKnownText
	Before          []Standing // of each subscription, before anything of the quote is carried out
}

// QuoteEnd is how one subscription of a quote ends.
type QuoteEnd struct {
	SubscriptionID string
	Mode           Mode
	LastDayOfUse   Date // inclusive; "" where the paid period is not known
	NextChargeAt   *time.Time
}

// QuoteLine is what comes back of one charge, and how that was counted.
type QuoteLine struct {
	ChargeID, SubscriptionID string
	ChargedAt                time.Time
	PeriodStart, PeriodEnd   Date // [start, end); "" where not known
	Currency                 string
	Ground                   Ground // NoGround where nothing comes back
	PaidFen                  int64
	RefundedFen              int64 // returned before or on its way, whoever sent it
	ConsumedFen              int64
	Days, UnusedDays         int // 0 where the period is not known
	RefundFen                int64
	ArithmeticZH             string
	ArithmeticEN             string
}

// QuoteAsset is what becomes of one asset lot. Its value is no part of the quote's refund.
type QuoteAsset struct {
	ID, Kind                    string
	Source                      AssetSource
	Quantity, ValueFen, UsedFen int64
	Outcome                     AssetOutcome
}

// MakeQuote says what ending the subscriptions will do, counted from the local day of the request.
//
// In mode PeriodEnd each runs to the end of its paid period and nothing is prorated; a cycle that was
// paid ahead and begins only after that end comes back whole. In mode Now access ends with the day of
// the request and the unused days of every paid period come back; a subscription that would get
// nothing for that runs to its period's end instead. In both modes our own faults (OwnFaults) come
// back whole. What this desk has already returned of a charge comes off its unused time.
//
// What the snapshot does not tell is listed in NotKnown and counted as nothing. An error wraps
// ErrNotQuotable and says what is wrong in words.
func MakeQuote(s Snapshot, subscriptionIDs []string, mode Mode, requestReceived, now time.Time, r QuoteRules) (Quote, error) {
	ids, err := quotable(s, subscriptionIDs, mode, r)
	if err != nil {
		return Quote{}, err
	}
	q := Quote{
		Mode: PeriodEnd, AsOf: DateOf(requestReceived, r.Zone),
		RuleVersion: ruleVersion + "/" + string(r.Policy), ExpiresAt: now.Add(r.Validity),
		SubscriptionIDs: ids, Assets: quoteAssets(s.Assets),
	}
	c := counter{
		s: s, charges: newestFirst(s.Charges), faults: faultGrounds(s, r.Zone),
		asOf: q.AsOf, now: now, rules: r,
	}
	for _, id := range ids {
		sub, _ := s.Subscription(id)
		end, lines, err := c.subscription(sub, mode)
		if err != nil {
			return Quote{}, err
		}
		q.Ends = append(q.Ends, end)
		q.Before = append(q.Before, Standing{
			SubscriptionID: sub.ID, StoppedAt: sub.StoppedAt, AccessUntil: sub.AccessUntil, AutoRenew: sub.AutoRenew,
			PeriodStart: sub.PeriodStart, PeriodEnd: sub.PeriodEnd,
		})
		q.Lines = append(q.Lines, lines...)
	}
	q.NotKnown = sortedOnce(c.notKnown)
	if err := q.sum(); err != nil {
		return Quote{}, err
	}
	if q.Hash, err = q.hash(s); err != nil {
		return Quote{}, err
	}
	return q, nil
}

// quotable checks what was asked and returns the ids sorted, each once, so that the order of asking
// changes nothing.
func quotable(s Snapshot, ids []string, mode Mode, r QuoteRules) ([]string, error) {
	switch {
	case len(ids) == 0:
		return nil, fmt.Errorf("%w: no subscription was named", ErrNotQuotable)
	case mode != PeriodEnd && mode != Now:
		return nil, fmt.Errorf("%w: mode %q, want period_end or now", ErrNotQuotable, mode)
	case !r.Policy.Known():
		return nil, fmt.Errorf("%w: refund policy %q, want A or B", ErrNotQuotable, r.Policy)
	case r.Zone == nil:
		return nil, fmt.Errorf("%w: no time zone is set", ErrNotQuotable)
	}
	for _, id := range ids {
		if _, ok := s.Subscription(id); !ok {
			return nil, fmt.Errorf("%w: the account has no subscription %q", ErrNotQuotable, id)
		}
	}
	return sortedOnce(ids), nil
}

// sum draws the quote's own fields from its ends and lines.
func (q *Quote) sum() error {
	for _, e := range q.Ends {
		if e.Mode == Now {
			q.Mode = Now
		}
		q.LastDayOfUse = max(q.LastDayOfUse, e.LastDayOfUse)
		if e.NextChargeAt != nil && (q.NextChargeAt == nil || e.NextChargeAt.Before(*q.NextChargeAt)) {
			q.NextChargeAt = e.NextChargeAt
		}
	}
	if slices.ContainsFunc(q.Ends, func(e QuoteEnd) bool { return e.LastDayOfUse == "" }) {
		q.LastDayOfUse = ""
	}
	slices.SortFunc(q.Lines, func(a, b QuoteLine) int {
		return newer(a.ChargedAt, a.ChargeID, b.ChargedAt, b.ChargeID)
	})
	for _, l := range q.Lines {
		if l.Currency != "" && q.Currency != "" && l.Currency != q.Currency {
			return fmt.Errorf("%w (%s and %s)", ErrMixedCurrencies, q.Currency, l.Currency)
		}
		if l.Currency != "" {
			q.Currency = l.Currency
		}
		q.RefundFen = addFen(q.RefundFen, l.RefundFen)
	}
	if q.Currency == "" {
		q.Currency = defaultCurrency
	}
	return nil
}

func quoteAssets(lots []AssetLot) []QuoteAsset {
	var out []QuoteAsset
	for _, a := range lots {
		out = append(out, QuoteAsset{
			ID: a.ID, Kind: a.Kind, Source: a.Source,
			Quantity: a.Quantity, ValueFen: a.ValueFen, UsedFen: a.UsedFen, Outcome: a.Outcome(),
		})
	}
	slices.SortFunc(out, func(a, b QuoteAsset) int { return strings.Compare(a.ID, b.ID) })
	return out
}

func sortedOnce(in []string) []string {
	out := slices.Clone(in)
	slices.Sort(out)
	return slices.Compact(out)
}
