package account

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// lookupLimit is how many accounts one look-up may answer with. More fit no question that is asked.
const lookupLimit = 100

// DecodeLookup reads a platform's answer to a look-up: its accounts, each in the form of a sync, in
// `items` as every list, in `accounts`, or as a bare array. A platform may say more of an account than
// the desk asks for; what is wrong in what it says makes the whole answer an error, because half an
// answer would be a guess.
func DecodeLookup(raw []byte) ([]Sync, error) {
	raw = bytes.TrimSpace(raw)
	var list []Sync
	if len(raw) > 0 && raw[0] == '[' {
		if err := json.Unmarshal(raw, &list); err != nil {
			return nil, errors.New("the accounts are not the JSON they should be")
		}
	} else {
		var wrapped struct {
			Items    *[]Sync `json:"items"`
			Accounts *[]Sync `json:"accounts"`
		}
		if err := json.Unmarshal(raw, &wrapped); err != nil {
			return nil, errors.New("the accounts are not the JSON they should be")
		}
		switch {
		case wrapped.Items != nil:
			list = *wrapped.Items
		case wrapped.Accounts != nil:
			list = *wrapped.Accounts
		default:
			return nil, errors.New("the answer has no items")
		}
	}
	if len(list) > lookupLimit {
		return nil, fmt.Errorf("%d accounts are more than one look-up can mean", len(list))
	}
	for i, s := range list {
		if err := s.check(); err != nil {
			return nil, fmt.Errorf("items[%d]: %w", i, err)
		}
	}
	return list, nil
}
