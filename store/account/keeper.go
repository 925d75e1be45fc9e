package account

import "strings"

// Keeper is who keeps an agreement that can be ended only there, by its payer.
type Keeper string

// The keepers.
const (
	Apple   Keeper = "apple"
	Google  Keeper = "google"
	Carrier Keeper = "carrier"
)

// Keepers says who keeps the external agreements, each once and in one order. Of one whose record
// does not tell, every way is shown: a customer who finds none of them would go on paying.
func Keepers(agreements []Agreement) []Keeper {
	found := map[Keeper]bool{}
	for _, a := range agreements {
		if a.Channel != External {
			continue
		}
		kept := keptBy(a)
		for _, k := range kept {
			found[k] = true
		}
		if len(kept) == 0 {
			found[Apple], found[Google], found[Carrier] = true, true, true
		}
	}
	var out []Keeper
	for _, k := range []Keeper{Apple, Google, Carrier} {
		if found[k] {
			out = append(out, k)
		}
	}
	return out
}

// keptBy reads who keeps an agreement from the names that the platform gave its merchant and
// reference.
func keptBy(a Agreement) []Keeper {
	said := strings.ToLower(a.Merchant + " " + a.ChannelRef)
	var out []Keeper
	for _, k := range []struct {
		who   Keeper
		words []string
	}{
		{Apple, []string{"apple", "app store", "appstore", "app_store", "itunes", "苹果"}},
		{Google, []string{"google", "gpa.", "谷歌"}},
		{Carrier, []string{"carrier", "operator", "cmcc", "chinamobile", "china mobile", "unicom", "telecom", "运营商", "移动", "联通", "电信", "广电"}},
	} {
		for _, w := range k.words {
			if strings.Contains(said, w) {
				out = append(out, k.who)
				break
			}
		}
	}
	return out
}
