package store

import (
	"context"

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
	last     map[string]int64 // by table: the id given last, on SQLite
}

// number gives a new row its id. On SQLite the ids that AUTOINCREMENT would give are counted on from its
// own record: the transaction is the only writer, and storing the rows moves that record along. On
// PostgreSQL the sequence gives them, as to everybody else.
func (p *pending) number(ctx context.Context, table string, id *int64) error {
	if *id != 0 {
		p.last[table] = max(p.last[table], *id)
		return nil
	}
	g := p.conn.WithContext(ctx)
	if g.Name() == string(postgresDialect) {
		return g.Raw("SELECT nextval(pg_get_serial_sequence(?, 'id'))", table).Scan(id).Error
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

// store inserts what waits, tickets first because messages refer to them.
func (p *pending) store(ctx context.Context) error {
	if len(p.tickets) == 0 && len(p.messages) == 0 {
		return nil
	}
	g, cases, said := p.conn.WithContext(ctx), p.tickets, p.messages
	p.tickets, p.messages = nil, nil
	if err := createAll(g, cases); err != nil {
		return fail("insert tickets", err)
	}
	return fail("insert messages", createAll(g, said))
}
