package store

import (
	"context"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/canceldesk/canceldesk/tickets"
)

// runSubscription is what holds a subscription to one running run.
type runSubscription struct {
	RunID          int64
	SubscriptionID string
	Running        bool
}

// LatestRun is the ticket's newest run with its steps in their order.
func (r reader) LatestRun(ctx context.Context, ticketID int64) (tickets.Run, tickets.Steps, error) {
	var run tickets.Run
	if err := r.on(ctx).Order("id DESC").Take(&run, "ticket_id = ?", ticketID).Error; err != nil {
		return tickets.Run{}, nil, fail("latest run", err)
	}
	var steps tickets.Steps
	if err := r.on(ctx).Find(&steps, "run_id = ?", run.ID).Error; err != nil {
		return tickets.Run{}, nil, fail("steps", err)
	}
	order := tickets.StepNames()
	slices.SortFunc(steps, func(a, b tickets.Step) int { return slices.Index(order, a.Name) - slices.Index(order, b.Name) })
	return run, steps, nil
}

// LatestRun reads run and steps of one moment.
func (d *DB) LatestRun(ctx context.Context, ticketID int64) (run tickets.Run, steps tickets.Steps, err error) {
	err = d.view(ctx, func(r reader) (err error) {
		run, steps, err = r.LatestRun(ctx, ticketID)
		return err
	})
	return run, steps, err
}

// InsertRun begins a run with all its steps. A unique index over the subscriptions of running runs
// keeps two from working on one subscription, whichever node and ticket they come from.
func (t *tx) InsertRun(ctx context.Context, run *tickets.Run, steps tickets.Steps) error {
	run.Version = 1
	err := t.whole(ctx, func(g *gorm.DB) error {
		if err := g.Create(run).Error; err != nil {
			return err
		}
		var subs []runSubscription
		for _, id := range run.SubscriptionIDs {
			subs = append(subs, runSubscription{RunID: run.ID, SubscriptionID: id, Running: run.EndedAt == nil})
		}
		if len(subs) > 0 {
			if err := g.Create(&subs).Error; err != nil {
				return err
			}
		}
		for i := range steps {
			steps[i].RunID = run.ID
		}
		if len(steps) == 0 {
			return nil
		}
		return g.Create(&steps).Error
	})
	if err != nil {
		run.ID = 0
	}
	return fail("insert run", err)
}

// SaveRun writes the run where its version is still the stored one, Stale otherwise. A run that ended
// gives its subscriptions free.
func (t *tx) SaveRun(ctx context.Context, run *tickets.Run) error {
	next := *run
	next.Version++
	res := t.on(ctx).Model(&next).Where("version = ?", run.Version).Select("*").Updates(&next)
	if res.Error != nil {
		return fail("save run", res.Error)
	}
	if res.RowsAffected == 0 {
		return stale()
	}
	err := t.on(ctx).Model(&runSubscription{}).Where("run_id = ?", run.ID).Update("running", run.EndedAt == nil).Error
	if err != nil {
		return fail("save run", err)
	}
	run.Version = next.Version
	return nil
}

// SaveStep writes a step, the first time too.
func (t *tx) SaveStep(ctx context.Context, s tickets.Step) error {
	return fail("save step", t.on(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "run_id"}, {Name: "name"}}, UpdateAll: true}).Create(&s).Error)
}

// Effects lists what was done outside for a ticket, oldest first.
func (r reader) Effects(ctx context.Context, ticketID int64) ([]tickets.Effect, error) {
	var list []tickets.Effect
	err := r.on(ctx).Where("ticket_id = ?", ticketID).Order("at, key").Find(&list).Error
	return list, fail("effects", err)
}

// Effect is the effect with that key.
func (t *tx) Effect(ctx context.Context, key string) (tickets.Effect, error) {
	var e tickets.Effect
	err := t.on(ctx).Take(&e, "key = ?", key).Error
	return e, fail("effect", err)
}

// SaveEffect writes an effect, the first time too.
func (t *tx) SaveEffect(ctx context.Context, e tickets.Effect) error {
	return fail("save effect", t.on(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "key"}}, UpdateAll: true}).Create(&e).Error)
}
