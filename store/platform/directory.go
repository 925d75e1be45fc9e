package platform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// DirectoryConfig is what a Directory needs.
type DirectoryConfig struct {
	DB     *gorm.DB // the writing connection
	Client *Client  // of the platform's account address
	Cache  time.Duration
	// Hash is the keyed hash that a value which was looked up is kept as.
	Hash func(value string) string
	// Put merges an account into the account store.
	Put func(ctx context.Context, s account.Sync) error
	Now func() time.Time
}

// Directory asks the platform for accounts as they are needed. What it answers is merged into the
// desk's own account store, and is good for a while.
type Directory struct {
	DirectoryConfig
}

// NewDirectory makes a directory.
func NewDirectory(c DirectoryConfig) *Directory { return &Directory{DirectoryConfig: c} }

// lookup is one question that was answered. The value itself, a phone number perhaps, is not kept.
type lookup struct {
	LookedBy  tickets.AccountKey `gorm:"primaryKey"`
	ValueHash string             `gorm:"primaryKey"`
	Accounts  []string           `gorm:"serializer:json"`
	At        time.Time
}

// lookupRequest is the body of POST /lookup.
type lookupRequest struct {
	By    tickets.AccountKey `json:"by"`
	Value string             `json:"value"`
}

// Find returns the numbers of the accounts that the platform has for a value, in order, by its last
// answer where that is recent enough. Unavailable where it can't be asked: then nobody knows, and
// nothing is to be decided.
func (d *Directory) Find(ctx context.Context, by tickets.AccountKey, value string) ([]string, error) {
	if value = normal(by, value); value == "" {
		return nil, nil
	}
	now := d.Now()
	known := lookup{LookedBy: by, ValueHash: d.hash(by, value)}
	err := d.DB.WithContext(ctx).Take(&known, "looked_by = ? AND value_hash = ? AND at > ?", by, known.ValueHash, now.Add(-d.Cache)).Error
	switch {
	case err == nil:
		return known.Accounts, nil
	case !errors.Is(err, gorm.ErrRecordNotFound):
		return nil, fmt.Errorf("last look-up: %w", err)
	}
	return d.ask(ctx, by, value, now)
}

// Renew asks for an account once more, however short ago it was asked for. Unavailable where the platform
// can't be asked.
func (d *Directory) Renew(ctx context.Context, accountNo string) error {
	_, err := d.ask(ctx, tickets.ByAccount, normal(tickets.ByAccount, accountNo), d.Now())
	return err
}

// ask asks the platform, and keeps what it answers.
func (d *Directory) ask(ctx context.Context, by tickets.AccountKey, value string, now time.Time) ([]string, error) {
	var raw json.RawMessage
	if err := d.Client.post(ctx, "/lookup", lookupRequest{By: by, Value: value}, &raw); err != nil {
		return nil, err
	}
	list, err := account.DecodeLookup(raw)
	if err != nil {
		return nil, fmt.Errorf("platform: /lookup: %w", err)
	}
	return d.keep(ctx, by, value, list, now)
}

// Present asks for an account that nobody has: nil where the platform answers.
func (d *Directory) Present(ctx context.Context) error {
	var raw json.RawMessage
	return d.Client.post(ctx, "/lookup", lookupRequest{By: tickets.ByAccount, Value: "canceldesk-" + newMessageID()}, &raw)
}

// keep merges the accounts of an answer and remembers it, for each of them too: what was just told of
// an account need not be asked again by its number.
func (d *Directory) keep(ctx context.Context, by tickets.AccountKey, value string, list []account.Sync, now time.Time) ([]string, error) {
	numbers := make([]string, 0, len(list))
	rows := map[string]lookup{}
	for _, s := range list {
		if by == tickets.ByAccount && s.AccountNo != value {
			return nil, errors.New("platform: /lookup: the answer is about another account than the one asked for")
		}
		// It is how the account stands now, whenever the platform changed it last.
		s.UpdatedAt = account.Field[*time.Time]{Set: true, Value: &now}
		if err := d.Put(ctx, s); err != nil {
			return nil, fmt.Errorf("take in account: %w", err)
		}
		numbers = append(numbers, s.AccountNo)
		row := lookup{LookedBy: tickets.ByAccount, ValueHash: d.hash(tickets.ByAccount, s.AccountNo), Accounts: []string{s.AccountNo}, At: now}
		rows[row.ValueHash] = row
	}
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	row := lookup{LookedBy: by, ValueHash: d.hash(by, value), Accounts: numbers, At: now}
	rows[row.ValueHash] = row
	err := d.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		// What is too old to be used again is a trace of who was asked about.
		if err := tx.Where("at <= ?", now.Add(-d.Cache)).Delete(&lookup{}).Error; err != nil {
			return err
		}
		for _, r := range rows {
			if err := tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&r).Error; err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("remember look-up: %w", err)
	}
	return numbers, nil
}

func (d *Directory) hash(by tickets.AccountKey, value string) string {
	return d.Hash("lookup\x00" + string(by) + "\x00" + value)
}

// normal is a value as both sides write it.
func normal(by tickets.AccountKey, value string) string {
	value = strings.TrimSpace(value)
	switch by {
	case tickets.ByPhone:
		return account.NormalPhone(value)
	case tickets.ByEmail:
		return strings.ToLower(value)
	}
	return value
}
