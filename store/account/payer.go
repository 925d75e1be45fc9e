package account

import "slices"

// KnowsPayer reports whether the payer of a charge is one of the account's own: of an agreement, as the account
// has it. A charge that names no payer was paid by that of its agreement. What any charge says of its payer is
// nobody's word but that of whoever reported it, and so is when it was charged.
func (s Snapshot) KnowsPayer(chargeID string) bool {
	i := slices.IndexFunc(s.Charges, func(c Charge) bool { return c.ID == chargeID })
	if i < 0 {
		return false
	}
	c := s.Charges[i]
	return slices.ContainsFunc(s.Agreements, func(a Agreement) bool {
		return a.Payer != "" && a.Payer == c.Payer || c.Payer == "" && a.ID == c.AgreementID
	})
}
