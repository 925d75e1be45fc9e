package simulator

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Desk is where the platform tells of its debits.
type Desk struct {
	URL string
	Key func() (string, error) // with charges:write
}

// pushTime bounds one call to the desk.
const pushTime = 10 * time.Second

// Push tells the desk of the debits that it was not told of yet, 1,000 at most. A desk that takes none
// (404) is left alone.
func (s *Simulator) Push(ctx context.Context, d Desk) error {
	charges, err := s.column(ctx, "SELECT json_set(doc, '$.account_no', account_no) FROM charges WHERE debited_at > 0 AND NOT pushed ORDER BY seq LIMIT 1000")
	if err != nil || len(charges) == 0 {
		return err
	}
	all := make([]json.RawMessage, len(charges))
	for i, c := range charges {
		all[i] = json.RawMessage(c)
	}
	key, err := d.Key()
	if err != nil {
		return fmt.Errorf("the desk's key: %w", err)
	}
	body, err := json.Marshal(all)
	if err != nil {
		return fmt.Errorf("write charges: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, pushTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(d.URL, "/")+"/v1/charges", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("tell the desk: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+key)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("tell the desk: %w", err)
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode == http.StatusNotFound:
		return nil
	case res.StatusCode >= http.StatusMultipleChoices:
		return fmt.Errorf("tell the desk: status %d", res.StatusCode)
	}
	_, err = s.db.ExecContext(ctx, `UPDATE charges SET pushed = TRUE WHERE seq IN
		(SELECT seq FROM charges WHERE debited_at > 0 AND NOT pushed ORDER BY seq LIMIT ?)`, len(charges))
	return err
}

// Run lets the debit clock look every simulated minute, and tells the desk, where there is one, until
// ctx ends. What goes wrong is given to trouble and tried again the next time.
func (s *Simulator) Run(ctx context.Context, desk *Desk, trouble func(error)) {
	tick := time.NewTicker(s.minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			_, err := s.Tick(ctx)
			if err == nil && desk != nil {
				err = s.Push(ctx, *desk)
			}
			if err != nil && ctx.Err() == nil {
				trouble(err)
			}
		}
	}
}
