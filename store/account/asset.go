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
