package tickets

import (
	"context"
	"errors"
	"strings"
	"time"
)

// refusedQuietly are the refusals that would tell a stranger of an account.
func refusedQuietly(err error) bool {
	return errors.Is(err, Conflict) || errors.Is(err, TooMany) || errors.Is(err, NotFound) || errors.Is(err, Stale)
}

// few is TooMany where a stranger's page, or a quoted one whatever the browser, had enough codes, sent or
// not.
func few(ctx context.Context, tx Tx, asked Code, at time.Time) error {
	all, err := tx.Codes(ctx, asked.TicketID)
	if err != nil {
		return err
	}
	his := 0
	page, _, quoted := strings.Cut(asked.Scope, quotedScope)
	for _, c := range all {
		if its, _, q := strings.Cut(c.Scope, quotedScope); its != page || q != quoted {
			continue
		}
		if at.Before(c.At.Add(CodeResend)) {
			return &Error{Kind: TooMany, Msg: "A code was sent less than a minute ago. Wait a little."}
		}
		if at.Before(c.At.Add(24 * time.Hour)) {
			his++
		}
	}
	if his >= codesOfStranger {
		return enoughCodes()
	}
	return nil
}

func enoughCodes() error {
	return &Error{Kind: TooMany, Msg: "This account had enough codes for now. Try again later."}
}

// strangersPage reports whether a scope is a page's that was not sent to the account's contact, or whose link
// others have.
func strangersPage(scope string) bool {
	page, of := strings.CutPrefix(scope, pageScope)
	return of && strings.ContainsAny(page, "/"+quotedScope)
}

// throttle is TooMany where the account had enough codes. What strangers ask for and guess at on their pages
// is held against them, and never keeps its owner from his.
func throttle(ctx context.Context, tx Tx, asked Code, at time.Time) error {
	day, err := tx.CodesSince(ctx, asked.AccountNo, at.Add(-24*time.Hour))
	if err != nil {
		return err
	}
	hour, all := 0, 0
	strange := strangersPage(asked.Scope)
	for _, c := range day {
		if !strange && strangersPage(c.Scope) {
			continue
		}
		all++
		if c.LockedAt != nil && at.Before(c.LockedAt.Add(CodeLock)) {
			return &Error{Kind: TooMany, Msg: "A code for this account was entered wrongly too often. There is a new one in 30 minutes."}
		}
		if at.Before(c.At.Add(CodeResend)) {
			return &Error{Kind: TooMany, Msg: "A code was sent less than a minute ago. Wait a little."}
		}
		if at.Before(c.At.Add(time.Hour)) {
			hour++
		}
	}
	if hour >= CodesHourly || all >= CodesDaily {
		return enoughCodes()
	}
	return nil
}
