package web

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/canceldesk/canceldesk/store/account"
)

// apiAccount is an account as the desk knows it.
type apiAccount struct {
	AccountNo        string                   `json:"account_no"`
	Name             string                   `json:"name"`
	Phone            string                   `json:"phone"`
	Email            string                   `json:"email"`
	NationalID       string                   `json:"national_id" doc:"Masked."`
	Locale           string                   `json:"locale"`
	UpdatedAt        *time.Time               `json:"updated_at"`
	ContactChangedAt *time.Time               `json:"contact_changed_at"`
	Subscriptions    []apiAccountSubscription `json:"subscriptions" nullable:"false"`
	Agreements       []apiAccountAgreement    `json:"agreements" nullable:"false"`
	Charges          []apiAccountCharge       `json:"charges" nullable:"false"`
	Refunds          []apiAccountRefund       `json:"refunds" nullable:"false"`
	Assets           []apiAccountAsset        `json:"assets" nullable:"false"`
}

type apiAccountSubscription struct {
	ID                 string             `json:"id"`
	Plan               string             `json:"plan"`
	Period             string             `json:"period"`
	PriceFen           int64              `json:"price_fen"`
	OpenedAt           *time.Time         `json:"opened_at"`
	CurrentPeriodStart *string            `json:"current_period_start" format:"date"`
	CurrentPeriodEnd   *string            `json:"current_period_end" format:"date"`
	NextChargeAt       *time.Time         `json:"next_charge_at"`
	AutoRenew          bool               `json:"auto_renew"`
	Consent            *apiAccountConsent `json:"consent"`
	Notices            []account.Notice   `json:"notices" nullable:"false"`
	HeldUntil          *time.Time         `json:"held_until"`
	StoppedAt          *time.Time         `json:"stopped_at" doc:"When this desk ended the debits."`
	LastDayOfUse       *string            `json:"last_day_of_use" format:"date"`
}

type apiAccountConsent struct {
	Version string     `json:"version"`
	At      *time.Time `json:"at"`
}

type apiAccountAgreement struct {
	ID              string     `json:"id"`
	Channel         string     `json:"channel"`
	Merchant        string     `json:"merchant"`
	ChannelRef      string     `json:"channel_ref"`
	Payer           string     `json:"payer"`
	SignedAt        *time.Time `json:"signed_at"`
	State           string     `json:"state"`
	EndedAt         *time.Time `json:"ended_at" doc:"When its channel confirmed the end."`
	SubscriptionIDs []string   `json:"subscription_ids" nullable:"false"`
}

type apiAccountCharge struct {
	ID             string    `json:"id"`
	SubscriptionID string    `json:"subscription_id"`
	AgreementID    string    `json:"agreement_id"`
	AmountFen      int64     `json:"amount_fen"`
	Currency       string    `json:"currency"`
	ChargedAt      time.Time `json:"charged_at"`
	PeriodStart    *string   `json:"period_start" format:"date"`
	PeriodEnd      *string   `json:"period_end" format:"date"`
	Channel        string    `json:"channel"`
	Merchant       string    `json:"merchant"`
	ChannelTxnID   string    `json:"channel_txn_id"`
	OrderNo        string    `json:"order_no"`
	Payer          string    `json:"payer"`
	RefundedFen    int64     `json:"refunded_fen"`
	ConsumedFen    int64     `json:"consumed_fen"`
	State          string    `json:"state"`
}

type apiAccountRefund struct {
	ID        string    `json:"id"`
	ChargeID  string    `json:"charge_id"`
	AmountFen int64     `json:"amount_fen"`
	At        time.Time `json:"at"`
	State     string    `json:"state"`
	Elsewhere bool      `json:"elsewhere" doc:"Made by the platform itself."`
}

type apiAccountAsset struct {
	ID       string `json:"id"`
	Kind     string `json:"kind"`
	Source   string `json:"source"`
	Quantity int64  `json:"quantity"`
	ValueFen int64  `json:"value_fen"`
	UsedFen  int64  `json:"used_fen"`
	Revealed bool   `json:"revealed"`
}

// apiCandidate is an account that may be meant, with what is needed to tell it from others and no more.
type apiCandidate struct {
	AccountNo     string   `json:"account_no"`
	Name          string   `json:"name" doc:"Masked."`
	Phone         string   `json:"phone" doc:"Masked." example:"138****1234"`
	Email         string   `json:"email" doc:"Masked." example:"z***@qq.com"`
	NationalID    string   `json:"national_id" doc:"Masked."`
	Subscriptions []string `json:"subscriptions" nullable:"false" doc:"Ids of those that will be debited again."`
}

func (s *Server) accountOut(snap account.Snapshot) apiAccount {
	a := snap.Account
	out := apiAccount{
		AccountNo: a.No, Name: a.Name, Phone: a.Phone, Email: a.Email, NationalID: a.NationalIDMask, Locale: a.Locale,
		UpdatedAt: s.stampOr(a.SyncedAt), ContactChangedAt: s.stampOr(a.ContactChangedAt),
		Subscriptions: []apiAccountSubscription{}, Agreements: []apiAccountAgreement{}, Charges: []apiAccountCharge{},
		Refunds: []apiAccountRefund{}, Assets: []apiAccountAsset{},
	}
	for _, x := range snap.Subscriptions {
		sub := apiAccountSubscription{
			ID: x.ID, Plan: x.Plan, Period: string(x.Cycle), PriceFen: x.PriceFen, OpenedAt: s.stampOr(x.OpenedAt),
			CurrentPeriodStart: dayOr(x.PeriodStart), CurrentPeriodEnd: dayOr(x.PeriodEnd), NextChargeAt: s.stampOr(x.NextChargeAt),
			AutoRenew: x.AutoRenew, Notices: append([]account.Notice{}, x.Notices...), HeldUntil: s.stampOr(x.HeldUntil),
			StoppedAt: s.stampOr(x.StoppedAt), LastDayOfUse: dayOr(x.AccessUntil),
		}
		if x.ConsentVersion != "" || x.ConsentAt != nil {
			sub.Consent = &apiAccountConsent{Version: x.ConsentVersion, At: s.stampOr(x.ConsentAt)}
		}
		out.Subscriptions = append(out.Subscriptions, sub)
	}
	for _, x := range snap.Agreements {
		out.Agreements = append(out.Agreements, apiAccountAgreement{
			ID: x.ID, Channel: string(x.Channel), Merchant: x.Merchant, ChannelRef: x.ChannelRef, Payer: x.Payer,
			SignedAt: s.stampOr(x.SignedAt), State: string(x.State), EndedAt: s.stampOr(x.EndedAt), SubscriptionIDs: names(x.SubscriptionIDs),
		})
	}
	for _, x := range snap.Charges {
		out.Charges = append(out.Charges, apiAccountCharge{
			ID: x.ID, SubscriptionID: x.SubscriptionID, AgreementID: x.AgreementID, AmountFen: x.AmountFen, Currency: x.Currency,
			ChargedAt: s.stamp(x.ChargedAt), PeriodStart: dayOr(x.PeriodStart), PeriodEnd: dayOr(x.PeriodEnd), Channel: string(x.Channel),
			Merchant: x.Merchant, ChannelTxnID: x.ChannelTxnID, OrderNo: x.OrderNo, Payer: x.Payer, RefundedFen: x.RefundedFen,
			ConsumedFen: x.ConsumedFen, State: string(x.State),
		})
	}
	for _, x := range snap.Refunds {
		out.Refunds = append(out.Refunds, apiAccountRefund{
			ID: x.ID, ChargeID: x.ChargeID, AmountFen: x.AmountFen, At: s.stamp(x.At), State: string(x.State), Elsewhere: x.Elsewhere,
		})
	}
	for _, x := range snap.Assets {
		out.Assets = append(out.Assets, apiAccountAsset{
			ID: x.ID, Kind: x.Kind, Source: string(x.Source), Quantity: x.Quantity, ValueFen: x.ValueFen, UsedFen: x.UsedFen, Revealed: x.Revealed,
		})
	}
	return out
}

func candidateOut(snap account.Snapshot) apiCandidate {
	a := snap.Account
	out := apiCandidate{
		AccountNo: a.No, Name: maskName(a.Name), Phone: maskPhone(a.Phone), Email: maskEmail(a.Email), NationalID: a.NationalIDMask,
		Subscriptions: []string{},
	}
	for _, x := range snap.Renewing() {
		out.Subscriptions = append(out.Subscriptions, x.ID)
	}
	return out
}

// maskPhone shows the first three and the last four digits: 138****1234.
func maskPhone(phone string) string {
	if len(phone) < 8 {
		return strings.Repeat("*", len(phone))
	}
	return phone[:3] + strings.Repeat("*", len(phone)-7) + phone[len(phone)-4:]
}

// maskEmail shows the first character and the domain: z***@qq.com.
func maskEmail(email string) string {
	local, domain, ok := strings.Cut(email, "@")
	if !ok {
		return ""
	}
	_, first := utf8.DecodeRuneInString(local)
	return local[:first] + "***@" + domain
}

// maskName shows the first character: 李*.
func maskName(name string) string {
	if name == "" {
		return ""
	}
	_, first := utf8.DecodeRuneInString(name)
	return name[:first] + strings.Repeat("*", max(utf8.RuneCountInString(name)-1, 1))
}
