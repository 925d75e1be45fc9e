package account

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// SyncConflict is something a sync said that the desk did not take, because it contradicts what the
// desk ended, refunded or holds, or is older than what is known. A person looks at it.
type SyncConflict struct {
	Noun   string // account, subscription, agreement, charge, refund or asset
	NounID string
	Reason string // stable code
	Said   string
	Kept   string
}

// Merge is the account as it stands once the sync is taken in, and what of it was not. known is the
// zero Snapshot for a new account. hashID turns a national ID into its keyed hash. What this desk
// ended stays ended, whatever a sync says; `terminated` on an agreement is only a claim until the
// channel was asked.
func Merge(known Snapshot, s Sync, hashID func(string) string, now time.Time) (Snapshot, []SyncConflict) {
	m := merger{out: known}
	at := s.UpdatedAt.Value
	if at == nil {
		at = &now
	}
	if old := known.Account.SyncedAt; old != nil && at.Before(*old) {
		return known, []SyncConflict{{
			Noun: "account", NounID: s.AccountNo, Reason: "stale",
			Said: at.UTC().Format(time.RFC3339), Kept: old.UTC().Format(time.RFC3339),
		}}
	}
	m.account(s, hashID, at)
	m.out.Subscriptions = slices.Clone(known.Subscriptions)
	for _, x := range s.Subscriptions {
		m.subscription(s.AccountNo, x)
	}
	m.out.Agreements = slices.Clone(known.Agreements)
	for _, x := range s.Agreements {
		m.agreement(s.AccountNo, x)
	}
	m.out.Charges = slices.Clone(known.Charges)
	for _, x := range s.Charges {
		if c, err := x.charge(s.AccountNo); err == nil {
			m.charge(c)
		}
	}
	m.out.Refunds = slices.Clone(known.Refunds)
	for _, x := range s.Refunds {
		m.refund(s.AccountNo, x)
	}
	m.out.Assets = slices.Clone(known.Assets)
	for _, x := range s.Assets {
		put(&m.out.Assets, AssetLot{
			ID: x.ID, AccountNo: s.AccountNo, Kind: x.Kind, Source: x.Source, Quantity: x.Quantity,
			ValueFen: x.ValueFen, UsedFen: x.UsedFen, Revealed: x.Revealed,
		}, func(a AssetLot) string { return a.ID })
	}
	return m.out, m.conflicts
}

type merger struct {
	out       Snapshot
	conflicts []SyncConflict
}

func (m *merger) conflict(noun, id, reason, said, kept string) {
	m.conflicts = append(m.conflicts, SyncConflict{Noun: noun, NounID: id, Reason: reason, Said: said, Kept: kept})
}

// put replaces the entry with the same id, or adds it.
func put[T any](list *[]T, x T, id func(T) string) {
	if i := slices.IndexFunc(*list, func(o T) bool { return id(o) == id(x) }); i >= 0 {
		(*list)[i] = x
		return
	}
	*list = append(*list, x)
}

func (m *merger) account(s Sync, hashID func(string) string, at *time.Time) {
	a := m.out.Account
	old := a
	a.No = s.AccountNo
	a.Name, a.Locale = s.Name.or(a.Name), s.Locale.or(a.Locale)
	a.Phone = NormalPhone(s.Phone.or(a.Phone))
	a.Email = strings.ToLower(strings.TrimSpace(s.Email.or(a.Email)))
	if s.NationalID.Set {
		a.NationalIDHash, a.NationalIDMask = "", ""
		if id := strings.ToUpper(strings.TrimSpace(s.NationalID.Value)); id != "" {
			a.NationalIDHash, a.NationalIDMask = hashID(id), MaskID(id)
		}
	}
	// A platform that does not say when contact data changed still can't make a fresh address count. What
	// was empty here was not known, which is no change where the platform dates its own.
	filled := (a.Phone == old.Phone || old.Phone == "") && (a.Email == old.Email || old.Email == "")
	dated := s.ContactChangedAt.Set && s.ContactChangedAt.Value != nil
	if old.No != "" && (a.Phone != old.Phone || a.Email != old.Email) && (!filled || !dated) {
		a.ContactChangedAt = utc(at)
	}
	if s.ContactChangedAt.Set {
		if c := utc(s.ContactChangedAt.Value); c == nil || a.ContactChangedAt == nil || c.After(*a.ContactChangedAt) {
			if c != nil || old.No == "" {
				a.ContactChangedAt = c
			}
		}
	}
	a.SyncedAt = utc(at)
	m.out.Account = a
}

func (m *merger) subscription(accountNo string, x SyncSubscription) {
	i := slices.IndexFunc(m.out.Subscriptions, func(o Subscription) bool { return o.ID == x.ID })
	sub := Subscription{ID: x.ID, AccountNo: accountNo, Cycle: Month}
	if i >= 0 {
		sub = m.out.Subscriptions[i]
	}
	sub.Plan, sub.Cycle, sub.PriceFen = x.Plan.or(sub.Plan), x.Period.or(sub.Cycle), x.PriceFen.or(sub.PriceFen)
	sub.OpenedAt = utc(x.OpenedAt.or(sub.OpenedAt))
	sub.PeriodStart, sub.PeriodEnd = x.PeriodStart.or(sub.PeriodStart), x.PeriodEnd.or(sub.PeriodEnd)
	if x.Consent.Set {
		sub.ConsentVersion, sub.ConsentAt = x.Consent.Value.Version, utc(x.Consent.Value.At)
	}
	sub.Notices = x.Notices.or(sub.Notices)
	renews, next := x.AutoRenew.or(sub.AutoRenew), utc(x.NextChargeAt.or(sub.NextChargeAt))
	if sub.StoppedAt != nil && (renews || next != nil) {
		m.conflict("subscription", sub.ID, "stopped_here", fmt.Sprintf("auto_renew %v", renews), "stopped "+sub.StoppedAt.UTC().Format(time.RFC3339))
		renews, next = false, nil
	}
	sub.AutoRenew, sub.NextChargeAt = renews, next
	put(&m.out.Subscriptions, sub, func(s Subscription) string { return s.ID })
}

func (m *merger) agreement(accountNo string, x SyncAgreement) {
	i := slices.IndexFunc(m.out.Agreements, func(o Agreement) bool { return o.ID == x.ID })
	a := Agreement{ID: x.ID, AccountNo: accountNo, Channel: Platform, State: AgreementActive}
	if i >= 0 {
		a = m.out.Agreements[i]
	}
	a.Channel, a.Merchant, a.ChannelRef = x.Channel.or(a.Channel), x.Merchant.or(a.Merchant), x.ChannelRef.or(a.ChannelRef)
	a.Payer, a.SignedAt = x.Payer.or(a.Payer), utc(x.SignedAt.or(a.SignedAt))
	a.SubscriptionIDs = x.SubscriptionIDs.or(a.SubscriptionIDs)
	if x.State.Set {
		if a.State == AgreementTerminated && x.State.Value == AgreementActive {
			m.conflict("agreement", a.ID, "ended_here", string(x.State.Value), string(a.State))
		}
		a.ClaimedEnded = x.State.Value == AgreementTerminated && a.State != AgreementTerminated
	}
	put(&m.out.Agreements, a, func(a Agreement) string { return a.ID })
}

func (m *merger) charge(c Charge) {
	if i := slices.IndexFunc(m.out.Charges, func(o Charge) bool { return o.ID == c.ID }); i >= 0 {
		old := m.out.Charges[i]
		if !SameCharge(old, c) {
			m.conflict("charge", c.ID, "other_data", fmt.Sprintf("%d fen", c.AmountFen), fmt.Sprintf("%d fen", old.AmountFen))
			return
		}
		old.State, old.ConsumedFen, old.RefundedFen = c.State, c.ConsumedFen, max(old.RefundedFen, c.RefundedFen)
		c = old
	}
	put(&m.out.Charges, c, func(c Charge) string { return c.ID })
}

// SameCharge reports whether two records speak of the same debit: everything but what may still
// change (state, refunded and consumed value) is equal.
func SameCharge(a, b Charge) bool {
	for _, c := range []*Charge{&a, &b} {
		c.State, c.RefundedFen, c.ConsumedFen = "", 0, 0
	}
	at := a.ChargedAt.Equal(b.ChargedAt)
	a.ChargedAt, b.ChargedAt = time.Time{}, time.Time{}
	return at && a == b
}

func (m *merger) refund(accountNo string, x SyncRefund) {
	at := x.At.UTC().Truncate(time.Microsecond)
	r := Refund{
		ID: x.ID, ChargeID: x.ChargeID, AccountNo: accountNo, AmountFen: x.AmountFen, State: RefundSucceeded,
		At: at, DoneAt: &at, Elsewhere: true, Version: 1,
	}
	if i := slices.IndexFunc(m.out.Refunds, func(o Refund) bool { return o.ID == r.ID }); i >= 0 {
		if old := m.out.Refunds[i]; !old.Elsewhere || old.AmountFen != r.AmountFen || old.ChargeID != r.ChargeID {
			m.conflict("refund", r.ID, "other_data", fmt.Sprintf("%d fen", r.AmountFen), fmt.Sprintf("%d fen", old.AmountFen))
		}
		return
	}
	if !slices.ContainsFunc(m.out.Charges, func(c Charge) bool { return c.ID == r.ChargeID }) {
		m.conflict("refund", r.ID, "unknown_charge", r.ChargeID, "")
		return
	}
	m.out.Refunds = append(m.out.Refunds, r)
}

// NormalPhone is a Chinese mobile number as its 11 digits: without spaces, dashes and +86. Any other
// number keeps its digits and leading plus.
func NormalPhone(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r >= '０' && r <= '９':
			b.WriteRune('0' + r - '０')
		case (r >= '0' && r <= '9') || (r == '+' && b.Len() == 0):
			b.WriteRune(r)
		}
	}
	d := b.String()
	for _, prefix := range []string{"+86", "0086", "86"} {
		if rest, ok := strings.CutPrefix(d, prefix); ok && len(rest) == 11 && rest[0] == '1' {
			return rest
		}
	}
	return d
}

// MaskID shows the first six and the last four characters of an ID number.
func MaskID(id string) string {
	if len(id) <= 10 {
		return strings.Repeat("*", len(id))
	}
	return id[:6] + strings.Repeat("*", len(id)-10) + id[len(id)-4:]
}

// utc is the instant as the store keeps it.
func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC().Truncate(time.Microsecond)
	return &u
}
