package demo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"
)

// The shapes of PUT /v1/accounts/{account_no}, strictly.
type (
	account struct {
		AccountNo        string         `json:"account_no"`
		Name             string         `json:"name"`
		Phone            string         `json:"phone"`
		Email            string         `json:"email"`
		NationalID       string         `json:"national_id"`
		Locale           string         `json:"locale"`
		UpdatedAt        time.Time      `json:"updated_at"`
		ContactChangedAt time.Time      `json:"contact_changed_at"`
		Subscriptions    []subscription `json:"subscriptions"`
		Agreements       []agreement    `json:"agreements"`
		Charges          []charge       `json:"charges"`
		Assets           []asset        `json:"assets"`
	}
	subscription struct {
		ID          string     `json:"id"`
		Plan        string     `json:"plan"`
		Period      string     `json:"period"`
		PriceFen    int64      `json:"price_fen"`
		OpenedAt    time.Time  `json:"opened_at"`
		PeriodStart string     `json:"current_period_start"`
		PeriodEnd   string     `json:"current_period_end"`
		NextCharge  *time.Time `json:"next_charge_at"`
		AutoRenew   bool       `json:"auto_renew"`
		Consent     struct {
			Version string    `json:"version"`
			At      time.Time `json:"at"`
		} `json:"consent"`
		Notices []struct {
			At        time.Time `json:"at"`
			Channel   string    `json:"channel"`
			AmountFen int64     `json:"amount_fen"`
			Delivered bool      `json:"delivered"`
		} `json:"notices"`
	}
	agreement struct {
		ID            string    `json:"id"`
		Channel       string    `json:"channel"`
		Merchant      string    `json:"merchant"`
		ChannelRef    string    `json:"channel_ref"`
		Payer         string    `json:"payer"`
		SignedAt      time.Time `json:"signed_at"`
		State         string    `json:"state"`
		Subscriptions []string  `json:"subscription_ids"`
	}
	charge struct {
		ID           string    `json:"id"`
		Subscription string    `json:"subscription_id"`
		Agreement    string    `json:"agreement_id"`
		AmountFen    int64     `json:"amount_fen"`
		Currency     string    `json:"currency"`
		ChargedAt    time.Time `json:"charged_at"`
		PeriodStart  string    `json:"period_start"`
		PeriodEnd    string    `json:"period_end"`
		Channel      string    `json:"channel"`
		Merchant     string    `json:"merchant"`
		ChannelTxnID string    `json:"channel_txn_id"`
		OrderNo      string    `json:"order_no"`
		Payer        string    `json:"payer"`
		RefundedFen  int64     `json:"refunded_fen"`
		ConsumedFen  int64     `json:"consumed_fen"`
		State        string    `json:"state"`
	}
	asset struct {
		ID       string `json:"id"`
		Kind     string `json:"kind"`
		Source   string `json:"source"`
		Quantity int64  `json:"quantity"`
		ValueFen int64  `json:"value_fen"`
		UsedFen  int64  `json:"used_fen"`
		Revealed bool   `json:"revealed"`
	}
)

// startDays are days on which a demo is started: month ends, leap days, both
// ends of a year, each weekday, and a walk over eight years.
func startDays() []time.Time {
	at := func(year int, month time.Month, day int) time.Time {
		return time.Date(year, month, day, 0, 0, 1, 0, zone())
	}
	days := []time.Time{
		at(2026, 12, 31), at(2027, 1, 1), at(2027, 1, 31), at(2027, 2, 28), at(2027, 3, 31),
		at(2028, 2, 29), at(2028, 3, 1), at(2028, 3, 30), at(2029, 3, 1),
	}
	for i := range 200 {
		days = append(days, time.Date(2026, 11, 22+i*15, i%24, 30, 0, 0, zone()))
	}
	return days
}

func readAccounts(t *testing.T, now time.Time) []account {
	t.Helper()
	raw, err := Accounts(now)
	if err != nil {
		t.Fatal(err)
	}
	var out []account
	for i, line := range bytes.Split(bytes.TrimSuffix(raw, []byte("\n")), []byte("\n")) {
		dec := json.NewDecoder(bytes.NewReader(line))
		dec.DisallowUnknownFields()
		var a account
		if err := dec.Decode(&a); err != nil {
			t.Fatalf("line %d: %v", i+1, err)
		}
		out = append(out, a)
	}
	return out
}

// anniversary is a second way to add months with an anchor day: overflow into
// the next month and step back.
func anniversary(opened time.Time, months int) string {
	d := opened.AddDate(0, months, 0)
	if d.Day() != opened.Day() {
		d = d.AddDate(0, 0, -d.Day())
	}
	return d.Format(time.DateOnly)
}

// checkPeriod says what is wrong with a period as the n-th of a subscription
// opened then, for some n.
func checkPeriod(opened time.Time, step int, start, end string) error {
	for n := 0; n <= 24; n++ {
		if anniversary(opened, n*step) == start {
			if want := anniversary(opened, (n+1)*step); end != want {
				return fmt.Errorf("period %s to %s should end on %s", start, end, want)
			}
			return nil
		}
	}
	return fmt.Errorf("no period since %s starts on %s", opened.Format(time.DateOnly), start)
}

func TestAccountsAreWholeOnEveryStartDay(t *testing.T) {
	t.Parallel()
	steps := map[string]int{"month": 1, "quarter": 3, "year": 12}
	prices := map[string]int64{"month": 1990, "quarter": 5400, "year": 19800}
	for _, now := range startDays() {
		today := now.Format(time.DateOnly)
		bad := func(id, format string, args ...any) {
			t.Errorf("%s, %s: %s", now.Format(time.RFC3339), id, fmt.Sprintf(format, args...))
		}
		past := func(id, what string, at time.Time) {
			if at.IsZero() || at.After(now) {
				bad(id, "%s is %s", what, at)
			}
		}
		for _, a := range readAccounts(t, now) {
			past(a.AccountNo, "updated_at", a.UpdatedAt)
			past(a.AccountNo, "contact_changed_at", a.ContactChangedAt)
			subs := map[string]subscription{}
			for _, s := range a.Subscriptions {
				subs[s.ID] = s
				past(s.ID, "opened_at", s.OpenedAt)
				past(s.ID, "consent", s.Consent.At)
				for _, n := range s.Notices {
					past(s.ID, "notice", n.At)
				}
				if s.PriceFen != prices[s.Period] {
					bad(s.ID, "costs %d a %s", s.PriceFen, s.Period)
				}
				if err := checkPeriod(s.OpenedAt, steps[s.Period], s.PeriodStart, s.PeriodEnd); err != nil {
					bad(s.ID, "%v", err)
				}
				if !s.AutoRenew {
					if s.NextCharge != nil || s.PeriodEnd > today {
						bad(s.ID, "does not renew, yet ends on %s with a next charge at %v", s.PeriodEnd, s.NextCharge)
					}
					continue
				}
				if s.PeriodStart > today || s.PeriodEnd <= today {
					bad(s.ID, "current period %s to %s does not contain today", s.PeriodStart, s.PeriodEnd)
				}
				if s.NextCharge == nil || s.NextCharge.Format(time.DateOnly) != s.PeriodEnd {
					bad(s.ID, "ends on %s, next charge %v", s.PeriodEnd, s.NextCharge)
				}
			}
			agreements := map[string]agreement{}
			for _, g := range a.Agreements {
				agreements[g.ID] = g
				past(g.ID, "signed_at", g.SignedAt)
				for _, id := range g.Subscriptions {
					if _, ok := subs[id]; !ok {
						bad(g.ID, "bills %s, which is not of this account", id)
					}
				}
			}
			for _, c := range a.Charges {
				past(c.ID, "charged_at", c.ChargedAt)
				s, g := subs[c.Subscription], agreements[c.Agreement]
				if !slices.Contains(g.Subscriptions, s.ID) || g.Payer != c.Payer || g.Channel != c.Channel || g.Merchant != c.Merchant {
					bad(c.ID, "does not agree with agreement %+v", g)
				}
				if c.AmountFen != s.PriceFen || c.Currency != "CNY" || c.State != "paid" || c.RefundedFen+c.ConsumedFen > c.AmountFen {
					bad(c.ID, "wrong money: %+v", c)
				}
				if day := c.ChargedAt.Format(time.DateOnly); day < c.PeriodStart || day >= c.PeriodEnd {
					bad(c.ID, "charged on %s for %s to %s", day, c.PeriodStart, c.PeriodEnd)
				}
				if err := checkPeriod(s.OpenedAt, steps[s.Period], c.PeriodStart, c.PeriodEnd); err != nil {
					bad(c.ID, "%v", err)
				}
			}
		}
	}
}

func TestAccountIDsAreUnique(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	once := func(id string) {
		if id == "" || seen[id] {
			t.Errorf("id %q is empty or used twice", id)
		}
		seen[id] = true
	}
	for _, a := range readAccounts(t, startDays()[0]) {
		once(a.AccountNo)
		once(a.Email)
		for _, s := range a.Subscriptions {
			once(s.ID)
		}
		for _, g := range a.Agreements {
			once(g.ID)
			once(g.ChannelRef)
		}
		for _, c := range a.Charges {
			once(c.ID)
			once(c.ChannelTxnID)
			once(c.OrderNo + " " + c.ChargedAt.String())
		}
		for _, l := range a.Assets {
			once(l.ID)
		}
	}
}

func TestAccountsShowEveryCase(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, zone())
	phones, payers := map[string]int{}, map[string]string{}
	found := map[string]bool{}
	for _, a := range readAccounts(t, now) {
		phones[a.Phone]++
		found["two accounts on one phone"] = found["two accounts on one phone"] || phones[a.Phone] == 2
		found["locale "+a.Locale] = true
		if age := now.Sub(a.ContactChangedAt); age < 72*time.Hour {
			found["contact changed lately"] = true
		}
		found["two subscriptions on two agreements"] = found["two subscriptions on two agreements"] || len(a.Agreements) == 2
		for _, g := range a.Agreements {
			found["channel "+g.Channel] = true
			found["shared agreement"] = found["shared agreement"] || len(g.Subscriptions) == 2
			if owner, taken := payers[g.Payer]; taken && owner != a.AccountNo {
				found["payer of two accounts"] = true
			}
			payers[g.Payer] = a.AccountNo
		}
		cycles := map[string]bool{}
		for _, s := range a.Subscriptions {
			found["period "+s.Period] = true
			for _, c := range a.Charges {
				if c.Subscription != s.ID {
					continue
				}
				if cycles[s.ID+c.PeriodStart] {
					found["charged twice in a cycle"] = true
				}
				cycles[s.ID+c.PeriodStart] = true
				if !s.AutoRenew && c.PeriodStart >= s.PeriodEnd && a.Agreements[0].State == "terminated" {
					found["charged after cancelling"] = true
				}
				found["benefits consumed"] = found["benefits consumed"] || c.ConsumedFen > 0
				found["partly refunded"] = found["partly refunded"] || c.RefundedFen > 0
			}
		}
		for _, l := range a.Assets {
			found[fmt.Sprintf("asset %s %s revealed=%v", l.Kind, l.Source, l.Revealed)] = true
		}
		found["national id"] = found["national id"] || a.NationalID != ""
	}
	for _, want := range []string{
		"two accounts on one phone", "locale zh-CN", "locale zh-Hant", "locale en", "contact changed lately",
		"two subscriptions on two agreements", "channel ledger", "channel external", "channel platform", "shared agreement",
		"payer of two accounts", "period month", "period quarter", "period year", "charged twice in a cycle",
		"charged after cancelling", "benefits consumed", "partly refunded", "asset coin paid revealed=false",
		"asset coin gift revealed=false", "asset card_code paid revealed=false", "asset card_code paid revealed=true", "national id",
	} {
		if !found[want] {
			t.Errorf("no sample account shows: %s", want)
		}
	}
}
