package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/canceldesk/canceldesk/tickets"
)

// The conditions of the queue's lists are written out, never bound, so that the partial indexes serve
// them.
const (
	live            = "status NOT IN ('solved', 'closed')"
	notCancellation = "status = 'closed' AND reason = 'not_cancellation'"
	waitingChat     = live + " AND channel = 'chat' AND status IN ('new', 'open')"
	needsPerson     = live + ` AND (status IN ('new', 'open') OR EXISTS (
		SELECT 1 FROM steps JOIN runs ON runs.id = steps.run_id
		WHERE runs.ticket_id = tickets.id AND runs.ended_at IS NULL AND steps.state IN ('needs_agent', 'failed')))`
	needsApproval = live + ` AND (reason = 'needs_approval' OR EXISTS (
		SELECT 1 FROM refunds WHERE refunds.ticket_id = tickets.id AND refunds.ticket_id <> 0 AND refunds.state = 'proposed') OR EXISTS (
		SELECT 1 FROM steps JOIN runs ON runs.id = steps.run_id
		WHERE runs.ticket_id = tickets.id AND runs.ended_at IS NULL AND steps.state = 'needs_approval'))`
)

// inView narrows to one view of the queue. No view is whatever still runs, unless a status is named.
func inView(q *gorm.DB, v tickets.View, login string, status tickets.Status) *gorm.DB {
	switch v {
	case tickets.ViewMine:
		return q.Where(live+" AND assignee <> '' AND assignee = ?", login)
	case tickets.ViewUnassigned:
		return q.Where(live + " AND assignee = ''")
	case tickets.ViewNextCharge:
		return q.Where(live + " AND next_charge_at IS NOT NULL")
	case tickets.ViewChats:
		return q.Where(waitingChat)
	case tickets.ViewWaiting:
		return q.Where(needsPerson)
	case tickets.ViewApproval:
		return q.Where(needsApproval)
	case tickets.ViewCustomer:
		return q.Where("status = 'pending'")
	case tickets.ViewSolved:
		return q.Where("status = 'solved'")
	case tickets.ViewClosed:
		return q.Where("status = 'closed' AND reason <> 'not_cancellation'")
	case tickets.ViewNotCancellation:
		return q.Where(notCancellation)
	case tickets.ViewAll:
		return q.Where("NOT (" + notCancellation + ")")
	}
	if status == "" {
		return q.Where(live)
	}
	return q
}

// Counts counts each view with the very conditions that list it, as far as tickets.CountLimit: a desk
// with years of closed cases opens its queue as fast as a new one.
func (r reader) Counts(ctx context.Context, login string) (map[tickets.View]int, error) {
	counts := make(map[tickets.View]int, len(tickets.Views()))
	for _, v := range tickets.Views() {
		some := inView(r.on(ctx).Model(&tickets.Ticket{}).Select("1"), v, login, "").Limit(tickets.CountLimit)
		var n int64
		if err := r.on(ctx).Table("(?) AS listed", some).Count(&n).Error; err != nil {
			return nil, fail("count tickets", err)
		}
		counts[v] = int(n)
	}
	return counts, nil
}

// Watched lists the tickets whose claim or clocks are to be looked at by that instant.
func (r reader) Watched(ctx context.Context, at time.Time, limit int) ([]int64, error) {
	var ids []int64
	err := r.on(ctx).Model(&tickets.Ticket{}).Where("alert_at <= ?", at).Order("alert_at, id").Limit(limit).Pluck("id", &ids).Error
	return ids, fail("tickets to look at", err)
}
