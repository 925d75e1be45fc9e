package reply

import (
	"strings"

	"github.com/canceldesk/canceldesk/store/account"
)

// outside is who keeps an agreement that the desk can't end. The texts have the exact steps for each.
type outside string

const (
	apple   outside = "apple"
	google  outside = "google"
	carrier outside = "carrier"
)

// outsides says who keeps the external agreements, each once and in one order. Of one whose record
// does not tell, every way is shown: a customer who finds none of them would go on paying.
func outsides(agreements []account.Agreement) []outside {
	found := map[outside]bool{}
	for _, a := range agreements {
		if a.Channel != account.External {
			continue
		}
		kept := keptBy(a)
		for _, k := range kept {
			found[k] = true
		}
		if len(kept) == 0 {
			found[apple], found[google], found[carrier] = true, true, true
		}
	}
	var out []outside
	for _, k := range []outside{apple, google, carrier} {
		if found[k] {
			out = append(out, k)
		}
	}
	return out
}

// keptBy reads who keeps an agreement from the names that the platform gave its merchant and
// reference.
func keptBy(a account.Agreement) []outside {
	said := strings.ToLower(a.Merchant + " " + a.ChannelRef)
	var out []outside
	for _, k := range []struct {
		who   outside
		words []string
	}{
		{apple, []string{"apple", "app store", "appstore", "app_store", "itunes", "苹果"}},
		{google, []string{"google", "gpa.", "谷歌"}},
		{carrier, []string{"carrier", "operator", "cmcc", "chinamobile", "china mobile", "unicom", "telecom", "运营商", "移动", "联通", "电信", "广电"}},
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
