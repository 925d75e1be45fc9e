package demo

import (
	"embed"
	"fmt"
	"time"
)

//go:embed accounts.jsonl mails/*.eml replies/*.eml
var files embed.FS

// Accounts returns the members of the invented platform as JSON Lines, each in
// the shape of PUT /v1/accounts/{account_no} with account_no added, dated for a
// demo that starts at now. Current periods contain now, but for the member
// whose membership ended and who was charged all the same (GX1004). Nothing
// that is told as done lies after now.
func Accounts(now time.Time) ([]byte, error) {
	raw, err := files.ReadFile("accounts.jsonl")
	if err != nil {
		return nil, fmt.Errorf("read sample accounts: %w", err)
	}
	now = now.In(zone())
	out, err := expand(raw, func(token string) (string, error) { return dataToken(now, token) })
	if err != nil {
		return nil, fmt.Errorf("date sample accounts: %w", err)
	}
	return out, nil
}
