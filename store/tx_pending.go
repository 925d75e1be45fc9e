package store

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"github.com/canceldesk/canceldesk/tickets"
)

// pending is what a transaction is to insert and has not inserted yet. Its rows have their ids already,
// so that a batch of mails becomes a few statements instead of hundreds. reader.on stores it before the
// transaction asks for or writes anything else, so that nobody can tell the difference.
type pending struct {
	conn     *gorm.DB
	tickets  []tickets.Ticket
	messages []tickets.Message
	last     map[string]int64   // by table: the id given last, on SQLite
	spare    map[string][]int64 // by table: ids the sequence gave that no row has yet, on PostgreSQL
	got      map[string]int     // by table: how many ids the sequence gave
}

func newPending(g *gorm.DB) *pending {
	return &pending{conn: g, last: map[string]int64{}, spare: map[string][]int64{}, got: map[string]int{}}
}

// How many ids a transaction asks the sequence for at once at most, where more rows may come. What it
// does not use is gone: for tickets, whose numbers people see, few.
const (
	someTickets  = 16
	someMessages = 128
)

// number gives a new row its id. On SQLite the ids that AUTOINCREMENT would give are counted on from its
// own record: the transaction is the only writer, and storing the rows moves that record along. On
// PostgreSQL the sequence gives them, as to everybody else: one at a time for the first rows of a
// transaction, then half as many again as it gave before, and most at a time.
func (p *pending) number(ctx context.Context, table string, most int, id *int64) error {
	if *id != 0 {
		p.last[table] = max(p.last[table], *id)
		return nil
	}
	g := p.conn.WithContext(ctx)
	if g.Name() == string(postgresDialect) {
		if len(p.spare[table]) == 0 {
			var ids []int64
			n := min(max(p.got[table]/2, 1), most)
			if err := g.Raw("SELECT nextval(pg_get_serial_sequence(?, 'id')) FROM generate_series(1, ?)", table, n).Scan(&ids).Error; err != nil {
				return err
			}
			p.spare[table] = ids
			p.got[table] += n
		}
		*id, p.spare[table] = p.spare[table][0], p.spare[table][1:]
		return nil
	}
	if p.last[table] == 0 {
		var last int64
		if err := g.Raw("SELECT COALESCE((SELECT seq FROM sqlite_sequence WHERE name = ?), 0)", table).Scan(&last).Error; err != nil {
			return err
		}
		p.last[table] = last
	}
	p.last[table]++
	*id = p.last[table]
	return nil
}

// replace changes a ticket that waits to be inserted, where it is still at that version; false where it
// does not wait.
func (p *pending) replace(t tickets.Ticket, version int64) bool {
	i := slices.IndexFunc(p.tickets, func(waits tickets.Ticket) bool { return waits.ID == t.ID && waits.Version == version })
	if i >= 0 {
		p.tickets[i] = t
	}
	return i >= 0
}

// store inserts what waits, tickets first because messages refer to them.
func (p *pending) store(ctx context.Context) error {
	if len(p.tickets) == 0 && len(p.messages) == 0 {
		return nil
	}
	g, cases, said := p.conn.WithContext(ctx), p.tickets, p.messages
	p.tickets, p.messages = nil, nil
	if err := createAll(ctx, g, cases); err != nil {
		return fail("insert tickets", err)
	}
	return fail("insert messages", createAll(ctx, g, said))
}
