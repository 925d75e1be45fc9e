package store

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// refundPage is where a page of refunds ended.
type refundPage struct {
	At time.Time `json:"at"`
	ID string    `json:"id"`
}

// RefundList lists the refunds this desk proposed, newest first, a page at a time; the second result is
// the cursor of the next page, "" at the end.
func (r reader) RefundList(ctx context.Context, f tickets.RefundFilter) ([]account.Refund, string, error) {
	limit := f.Limit
	if limit < 1 || limit > 200 {
		limit = 50
	}
	q := r.on(ctx).Where("NOT elsewhere")
	if f.State != "" {
		q = q.Where("state = ?", f.State)
	}
	if f.Approver != "" {
		q = q.Where("approver = ?", f.Approver)
	}
	if f.After != "" {
		var p refundPage
		b, err := base64.RawURLEncoding.DecodeString(f.After)
		if err == nil {
			err = json.Unmarshal(b, &p)
		}
		if err != nil {
			return nil, "", &tickets.Error{Kind: tickets.Invalid, Msg: "This is no cursor of a list of refunds.", Err: err}
		}
		q = q.Where("(at < ? OR at = ? AND id > ?)", p.At, p.At, p.ID)
	}
	var list []account.Refund
	if err := q.Order("at DESC, id").Limit(limit + 1).Find(&list).Error; err != nil {
		return nil, "", fail("refunds", err)
	}
	if len(list) <= limit {
		return list, "", nil
	}
	list = list[:limit]
	last := list[limit-1]
	b, err := json.Marshal(refundPage{At: last.At, ID: last.ID})
	return list, base64.RawURLEncoding.EncodeToString(b), fail("refunds", err)
}
