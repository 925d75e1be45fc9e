package platform

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/canceldesk/canceldesk/store/account"
)

// HTTP is the platform's own billing system, called over HTTP (DESIGN.md 6.3). Every call carries the
// key of its effect, under which the platform answers the same again. An error means that nobody knows
// what became of the call: ask by Query.
type HTTP struct {
	client *Client
}

// NewHTTP makes the biller over a client of the platform's billing address.
func NewHTTP(client *Client) *HTTP { return &HTTP{client: client} }

// order is the body of every call: what all have, and the members of each.
type order struct {
	Key            string `json:"key"`
	SubscriptionID string `json:"subscription_id,omitempty"`
	AgreementID    string `json:"agreement_id,omitempty"`

	Mode         account.Mode `json:"mode,omitempty"`
	LastDayOfUse account.Date `json:"last_day_of_use,omitempty"`
	Until        *time.Time   `json:"until,omitempty"`
	ChargeID     string       `json:"charge_id,omitempty"`
	AmountFen    int64        `json:"amount_fen,omitempty"`
	Currency     string       `json:"currency,omitempty"`
	OfKey        string       `json:"of_key,omitempty"`
}

// reply is the platform's answer to any of them.
type reply struct {
	State          account.AnswerState `json:"state"`
	AgreementState string              `json:"agreement_state"`
	InFlight       []struct {
		ChargeID  string    `json:"charge_id"`
		AmountFen int64     `json:"amount_fen"`
		DueAt     time.Time `json:"due_at"`
	} `json:"debits_in_flight"`
	At     *time.Time `json:"at"`
	Detail string     `json:"detail"`
}

// Stop asks that no debit be sent for the subscription any more. Where the platform says done it is
// asked once more, for the debits that were on their way: only both answers together are a stop.
func (b *HTTP) Stop(ctx context.Context, key string, s account.Stop) (account.Answer, error) {
	a, err := b.call(ctx, "/stop", order{Key: key, SubscriptionID: s.SubscriptionID, Mode: s.Mode, LastDayOfUse: s.LastDayOfUse})
	if err != nil || a.State != account.AnswerDone {
		return a, err
	}
	said, err := b.Query(ctx, key, account.Subject{SubscriptionID: s.SubscriptionID})
	if err != nil {
		return account.Answer{}, err
	}
	if said.State == account.AnswerNone {
		return account.Answer{}, errors.New("platform: /query: the platform does not know the stop that it answered with done")
	}
	for _, d := range a.InFlight {
		if !slices.ContainsFunc(said.InFlight, func(s account.DebitInFlight) bool { return s.ChargeID == d.ChargeID }) {
			said.InFlight = append(said.InFlight, d)
		}
	}
	if !a.At.IsZero() {
		said.At = a.At
	}
	if said.Detail == "" {
		said.Detail = a.Detail
	}
	return said, nil
}

// Hold asks that no debit be sent until an instant.
func (b *HTTP) Hold(ctx context.Context, key string, h account.Hold) (account.Answer, error) {
	return b.call(ctx, "/hold", order{Key: key, SubscriptionID: h.SubscriptionID, Until: &h.Until})
}

// Release takes a hold back.
func (b *HTTP) Release(ctx context.Context, key, subscriptionID string) (account.Answer, error) {
	return b.call(ctx, "/release", order{Key: key, SubscriptionID: subscriptionID})
}

// Terminate asks that an agreement of the platform's own end.
func (b *HTTP) Terminate(ctx context.Context, key string, a account.Agreement) (account.Answer, error) {
	return b.call(ctx, "/terminate", order{Key: key, AgreementID: a.ID})
}

// Refund asks that money of a charge go back to whoever paid it.
func (b *HTTP) Refund(ctx context.Context, key string, c account.Charge, amountFen int64) (account.Answer, error) {
	return b.call(ctx, "/refund", order{
		Key: key, SubscriptionID: c.SubscriptionID, AgreementID: c.AgreementID,
		ChargeID: c.ID, AmountFen: amountFen, Currency: c.Currency,
	})
}

// Query asks what became of the call with that key, which was about the subject.
func (b *HTTP) Query(ctx context.Context, key string, of account.Subject) (account.Answer, error) {
	return b.call(ctx, "/query", order{Key: queryKey(key), SubscriptionID: of.SubscriptionID, AgreementID: of.AgreementID, OfKey: key})
}

// Agreement asks how an agreement stands.
func (b *HTTP) Agreement(ctx context.Context, a account.Agreement) (account.AgreementStatus, error) {
	var r reply
	if err := b.client.post(ctx, "/query", order{Key: queryKey(a.ID), AgreementID: a.ID}, &r); err != nil {
		return account.AgreementStatus{}, err
	}
	s := account.AgreementStatus{Detail: "platform: " + plain(r.AgreementState)}
	switch account.AgreementState(r.AgreementState) {
	case account.AgreementActive, account.AgreementStopping:
		s.Known = true
	case account.AgreementTerminated:
		s.Known, s.Ended, s.EndedAt = true, true, b.instant(r.At)
	case "none":
		s.Detail = "platform: no such agreement"
	case "":
		// Which is no answer, and never "there is none": the question is put again.
		return account.AgreementStatus{}, errors.New("platform: /query: the answer has no agreement_state")
	default:
		return account.AgreementStatus{}, fmt.Errorf("platform: /query: agreement_state is %q: active, terminated or none", plain(r.AgreementState))
	}
	return s, nil
}

// queryKey is the key of a question. A question is asked anew each time, so that no old answer is
// given again; what it asks after is in of_key.
func queryKey(of string) string { return "query/" + newMessageID() + "/" + of }

func (b *HTTP) call(ctx context.Context, path string, o order) (account.Answer, error) {
	var r reply
	if err := b.client.post(ctx, path, o, &r); err != nil {
		return account.Answer{}, err
	}
	a := account.Answer{State: r.State, Detail: plain(r.Detail), At: b.instant(r.At)}
	switch {
	case r.State == account.AnswerDone, r.State == account.AnswerPending, r.State == account.AnswerRefused:
	case r.State == account.AnswerNone && path == "/query":
	default:
		return account.Answer{}, fmt.Errorf("platform: %s: state is %q, which is no answer to it", path, plain(string(r.State)))
	}
	for _, d := range r.InFlight {
		if d.ChargeID == "" || len(d.ChargeID) > detailLimit || d.AmountFen < 0 || len(a.InFlight) == inFlightLimit {
			return account.Answer{}, fmt.Errorf("platform: %s: debits_in_flight can't be read", path)
		}
		a.InFlight = append(a.InFlight, account.DebitInFlight{
			ChargeID: d.ChargeID, AmountFen: d.AmountFen, DueAt: d.DueAt.UTC().Truncate(time.Microsecond),
		})
	}
	return a, nil
}

// instant is when the platform says that something was; zero, which is now, where it does not say or
// says what has not come yet.
func (b *HTTP) instant(at *time.Time) time.Time {
	if at == nil || at.After(b.client.now()) {
		return time.Time{}
	}
	return at.UTC().Truncate(time.Microsecond)
}

// Bounds on what the platform says beside its answer.
const (
	detailLimit   = 200
	inFlightLimit = 100
)

// plain is text of the platform's as events and screens may hold it: one short line.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, " "))
	if r := []rune(s); len(r) > detailLimit {
		s = string(r[:detailLimit])
	}
	return strings.TrimSpace(s)
}
