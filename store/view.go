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
	noAnswer        = "status = 'closed' AND reason = 'no_answer'"
	waitingChat     = "channel = 'chat' AND status IN ('new', 'open')"
	// What waits is found from the few steps and refunds that do, not by asking after each case that runs.
	needsPerson = live + ` AND (status IN ('new', 'open') OR id IN (
		SELECT runs.ticket_id FROM steps JOIN runs ON runs.id = steps.run_id
		WHERE steps.state IN ('needs_agent', 'failed') AND runs.ended_at IS NULL))`
	needsApproval = live + ` AND id IN (
		SELECT id FROM tickets WHERE reason = 'needs_approval' UNION
		SELECT ticket_id FROM refunds WHERE state = 'proposed' UNION
		SELECT runs.ticket_id FROM steps JOIN runs ON runs.id = steps.run_id
		WHERE steps.state = 'needs_approval' AND runs.ended_at IS NULL)`
)

// inView narrows to one view of the queue. No view is whatever still runs, unless a status is named.
func inView(q *gorm.DB, v tickets.View, login string, status tickets.Status) *gorm.DB {
	switch v {
	case tickets.ViewMine:
		return q.Where(live+" AND assignee <> '' AND assignee = ?", login)
	case tickets.ViewUnassigned:
		return q.Where(live + " AND assignee = ''")
	case tickets.ViewNextCharge:
		return q.Where(live+" AND "+queueKey(q)+" < ?", never()) // as the index has it
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
		return q.Where("status = 'closed' AND reason NOT IN ('not_cancellation', 'no_answer')")
	case tickets.ViewNoAnswer:
		return q.Where(noAnswer)
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
