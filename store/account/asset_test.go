package account_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/store/account"
)

func TestAssetOutcome(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		lot  account.AssetLot
		want account.AssetOutcome
	}{
		{"paid coins may come back", account.AssetLot{Kind: account.AssetCoins, Source: account.Paid, Quantity: 60, ValueFen: 600}, account.AssetRefundable},
		{"so may what is left of them", account.AssetLot{Kind: account.AssetCoins, Source: account.Paid, Quantity: 10, ValueFen: 600, UsedFen: 500}, account.AssetRefundable},
		{"spent coins may not", account.AssetLot{Kind: account.AssetCoins, Source: account.Paid, Quantity: 60, ValueFen: 600, UsedFen: 600}, account.AssetUsed},
		{"nor an empty lot", account.AssetLot{Kind: account.AssetCoins, Source: account.Paid}, account.AssetUsed},
		{"given coins stay and never become cash", account.AssetLot{Kind: account.AssetCoins, Source: account.Gift, Quantity: 5}, account.AssetStaysUsable},
		{"a code nobody saw may come back", account.AssetLot{Kind: account.AssetCardCode, Source: account.Paid, Quantity: 1, ValueFen: 5000}, account.AssetRefundable},
		{"a code that was shown is used", account.AssetLot{Kind: account.AssetCardCode, Source: account.Paid, Quantity: 1, ValueFen: 5000, Revealed: true}, account.AssetUsed},
		{"a benefit ends with the membership", account.AssetLot{Kind: account.AssetBenefit, Source: account.Gift, Quantity: 2}, account.AssetLapses},
		{"points stay", account.AssetLot{Kind: account.AssetPoints, Source: account.Paid, Quantity: 900}, account.AssetStaysUsable},
		{"an item in another's game is not ours", account.AssetLot{Kind: account.AssetItem, Source: account.Paid, Quantity: 1, ValueFen: 100}, account.AssetNotOurs},
		{"an unknown kind that was paid for is not lost", account.AssetLot{Kind: "skin", Source: account.Paid, Quantity: 1, ValueFen: 100}, account.AssetRefundable},
		{"an unknown source is no money", account.AssetLot{Kind: account.AssetVoucher, Quantity: 1}, account.AssetStaysUsable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, tt.lot.Outcome()); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}
