// The client of TestGeneratedClientDrivesAWholeCase: what a platform's engineer would write over the
// client that oapi-codegen makes from /openapi.json.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"time"
)

func main() {
	if len(os.Args) < 4 {
		fail("usage: client SERVER KEY account FILE | client SERVER KEY case TRANSACTION LOGIN PASSWORD")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	desk := connect(os.Args[1], os.Args[2])
	switch os.Args[3] {
	case "account":
		account(ctx, desk, os.Args[4])
	case "case":
		person := connect(os.Args[1], login(ctx, desk, os.Args[5], os.Args[6]))
		whole(ctx, desk, person, call(ctx, desk, os.Args[4]), os.Args[6])
	}
}

// account tells the desk of an account with everything that belongs to it.
func account(ctx context.Context, desk *ClientWithResponses, file string) {
	var body AccountBody
	raw, err := os.ReadFile(file)
	check(err)
	check(json.Unmarshal(raw, &body))
	put, err := desk.PutAccountWithResponse(ctx, *body.AccountNo, body)
	check(err)
	want(put.HTTPResponse, put.Body, http.StatusCreated)
}

// call tells the desk of a telephone call whose caller named a transaction, and returns its case.
func call(ctx context.Context, desk *ClientWithResponses, transaction string) string {
	summary := "客户要求取消会员并退款，把没用完的部分退回。"
	body := CallInputBody{
		CallId: "call-1", StartedAt: time.Now().Add(-time.Minute), Summary: &summary,
		Identity: &ApiIdentity{PaymentFacts: &[]ApiPaymentFact{{ChannelTxnId: &transaction}}},
	}
	told, err := desk.PutCallWithResponse(ctx, nil, body)
	check(err)
	want(told.HTTPResponse, told.Body, http.StatusCreated)
	again, err := desk.PutCallWithResponse(ctx, nil, body)
	check(err)
	want(again.HTTPResponse, again.Body, http.StatusOK)
	number := told.JSON201.Ticket.Number
	until(ctx, "the debits are stopped and the offer waits for a yes", func() bool {
		got, err := desk.GetTicketWithResponse(ctx, number)
		check(err)
		want(got.HTTPResponse, got.Body, http.StatusOK)
		for _, run := range got.JSON200.Runs {
			for _, step := range run.Steps {
				if step.Name == "refund" && step.State == "needs_customer" {
					return true
				}
			}
		}
		return false
	})
	return number
}

// whole takes a case from its correction to its evidence.
func whole(ctx context.Context, desk, person *ClientWithResponses, number, password string) {
	got, err := desk.GetTicketWithResponse(ctx, number)
	check(err)
	want(got.HTTPResponse, got.Body, http.StatusOK)

	stale := `"0"`
	reason := "too_expensive"
	facts := IntentInputBody{Facts: &StatedFacts{Reason: &reason}}
	refused, err := desk.PutTicketIntentWithResponse(ctx, number, &PutTicketIntentParams{IfMatch: &stale}, facts)
	check(err)
	want(refused.HTTPResponse, refused.Body, http.StatusPreconditionFailed)
	corrected, err := desk.PutTicketIntentWithResponse(ctx, number, nil, facts)
	check(err)
	want(corrected.HTTPResponse, corrected.Body, http.StatusOK)
	if r := corrected.JSON200.Facts.Reason; r == nil || *r != reason {
		fail("the facts are %+v", corrected.JSON200.Facts)
	}

	mode := GetQuoteParamsMode("now")
	quote, err := desk.GetQuoteWithResponse(ctx, number, &GetQuoteParams{Mode: &mode})
	check(err)
	want(quote.HTTPResponse, quote.Body, http.StatusOK)
	if quote.JSON200.RefundFen <= 0 {
		fail("nothing comes back: %s", quote.Body)
	}
	chosen := ResolveBodyMode("now")
	once := "resolve-1"
	run, err := desk.ResolveTicketWithResponse(ctx, number, &ResolveTicketParams{IdempotencyKey: &once}, ResolveBody{Mode: &chosen, QuoteHash: &quote.JSON200.Hash})
	check(err)
	want(run.HTTPResponse, run.Body, http.StatusOK)
	yes, err := desk.AcceptQuoteWithResponse(ctx, number, nil, AcceptInputBody{By: "customer", QuoteHash: quote.JSON200.Hash, Words: "同意，请退款"})
	check(err)
	want(yes.HTTPResponse, yes.Body, http.StatusOK)

	var refund ApiRefund
	until(ctx, "a refund is proposed", func() bool {
		state := ListRefundsParamsState("proposed")
		list, err := desk.ListRefundsWithResponse(ctx, &ListRefundsParams{State: &state})
		check(err)
		want(list.HTTPResponse, list.Body, http.StatusOK)
		if len(list.JSON200.Items) == 1 {
			refund = list.JSON200.Items[0]
		}
		return len(list.JSON200.Items) == 1
	})
	if refund.AmountFen != quote.JSON200.RefundFen || refund.QuoteHash != quote.JSON200.Hash || refund.Ticket != number {
		fail("the refund is not the quote's: %+v", refund)
	}
	decision := ApproveInputBody{QuoteHash: refund.QuoteHash, Password: password}
	byKey, err := desk.ApproveRefundWithResponse(ctx, refund.Id, nil, decision)
	check(err)
	want(byKey.HTTPResponse, byKey.Body, http.StatusForbidden)
	approved, err := person.ApproveRefundWithResponse(ctx, refund.Id, nil, decision)
	check(err)
	want(approved.HTTPResponse, approved.Body, http.StatusOK)

	until(ctx, "the case is solved", func() bool {
		got, err := desk.GetTicketWithResponse(ctx, number)
		check(err)
		want(got.HTTPResponse, got.Body, http.StatusOK)
		return got.JSON200.Status == "solved"
	})
	bundle, err := desk.GetEvidenceWithResponse(ctx, number)
	check(err)
	want(bundle.HTTPResponse, nil, http.StatusOK)
	_, err = os.Stdout.Write(bundle.Body)
	check(err)
}

func login(ctx context.Context, desk *ClientWithResponses, name, password string) string {
	in, err := desk.LoginWithResponse(ctx, LoginInputBody{Login: name, Password: password})
	check(err)
	want(in.HTTPResponse, in.Body, http.StatusOK)
	return in.JSON200.Token
}

func connect(server, token string) *ClientWithResponses {
	c, err := NewClientWithResponses(server, WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+token)
		return nil
	}))
	check(err)
	return c
}

// until asks again and again.
func until(ctx context.Context, what string, met func() bool) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !met() {
		select {
		case <-ctx.Done():
			fail("in vain: %s", what)
		case <-tick.C:
		}
	}
}

func want(r *http.Response, body []byte, status int) {
	if r.StatusCode != status {
		fail("%s %s: %d, want %d\n%s", r.Request.Method, r.Request.URL, r.StatusCode, status, body)
	}
}

func check(err error) {
	if err != nil {
		fail("%v", err)
	}
}

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}
