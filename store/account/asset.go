package account

// AssetSource tells paid lots, which are money in another form, from gifts.
type AssetSource string

// The sources of an asset lot.
const (
	Paid AssetSource = "paid"
	Gift AssetSource = "gift"
)

// AssetLot is a quantity of game coins, points, vouchers or card codes the account holds.
type AssetLot struct {
	ID        string `gorm:"primaryKey"`
	AccountNo string
	Kind      string
	Source    AssetSource
	Quantity  int64
	ValueFen  int64 // what was paid for the whole lot
	UsedFen   int64 // how much of that value is used up
	Revealed  bool  // a card code that was shown counts as used
}

// The kinds of asset the rules tell apart. The platform may send any other; those go by source alone.
const (
	AssetCoins    = "coins"     // game or platform currency
	AssetCardCode = "card_code" // 卡密
	AssetVoucher  = "voucher"
	AssetBenefit  = "benefit" // a coupon or discount that belongs to the membership
	AssetPoints   = "points"
	AssetItem     = "item" // delivered into somebody else's game
)

// AssetOutcome is a stable code for what becomes of a lot when the subscription ends.
type AssetOutcome string

// The outcomes. None of them takes anything away by itself: giving up a lot needs the customer's
// recorded consent, and moving one needs assurance 3.
const (
	AssetStaysUsable AssetOutcome = "stays_usable"         // stays in the account, never becomes cash
	AssetLapses      AssetOutcome = "lapses"               // ends with the last day of use
	AssetRefundable  AssetOutcome = "refundable_candidate" // the unused part may be withdrawn, moved or kept
	AssetUsed        AssetOutcome = "used"                 // nothing is left of it
	AssetNotOurs     AssetOutcome = "not_ours"             // to be settled with who holds it
)

// Outcome says what becomes of the lot when the subscription ends (DOMAIN.md 3.3): gifts never become
// cash, a code that was shown is used, benefits end with the membership.
func (a AssetLot) Outcome() AssetOutcome {
	usedUp := a.Quantity <= 0 || (a.ValueFen > 0 && a.UsedFen >= a.ValueFen)
	switch {
	case a.Kind == AssetItem:
		return AssetNotOurs
	case usedUp || a.Revealed:
		return AssetUsed
	case a.Kind == AssetBenefit:
		return AssetLapses
	case a.Kind == AssetPoints || a.Source != Paid:
		return AssetStaysUsable
	}
	return AssetRefundable
}
