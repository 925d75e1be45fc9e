package account

import (
	"slices"
	"time"
)

// KnowsPayer reports whether the payer of a charge is one of the account's own: of an agreement, or of an
// earlier charge that nothing is wrong with. A charge that names no payer was paid by that of its agreement.
// What a charge that should not be says of its payer is nobody's word but that of whoever reported it.
func (s Snapshot) KnowsPayer(chargeID string, zone *time.Location) bool {
	i := slices.IndexFunc(s.Charges, func(c Charge) bool { return c.ID == chargeID })
	if i < 0 {
		return false
	}
	c := s.Charges[i]
	if slices.ContainsFunc(s.Agreements, func(a Agreement) bool {
		return a.Payer != "" && a.Payer == c.Payer || c.Payer == "" && a.ID == c.AgreementID
	}) {
		return true
	}
	faults := faultGrounds(s, zone)
	return c.Payer != "" && slices.ContainsFunc(s.Charges, func(o Charge) bool {
		_, faulty := faults[o.ID]
		return o.ID != c.ID && o.State == ChargePaid && o.Payer == c.Payer && !faulty && o.ChargedAt.Before(c.ChargedAt)
	})
}
