package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"
)

// table writes many rows of one type with few statements of constant text, which the database therefore
// reads once: gorm writes a text of its own for every number of rows. On PostgreSQL the rows go as one
// array a column, on SQLite as values of a few rows at a time.
type table struct {
	name    string
	columns []column
	key     *column // the one the database numbers; nil where there is none

	mu    sync.Mutex
	texts map[string]string // statements by what they are for
}

// column is one column of a table.
type column struct {
	name  string
	field *schema.Field
	array arrayKind
}

// tables are those that were used, by dialect and the type of their rows.
var tables sync.Map // of tableKey to *table

type tableKey struct {
	dialect string
	of      reflect.Type
}

// tableOf gives the table of a type.
func tableOf[T any](g *gorm.DB) (*table, error) {
	of := tableKey{dialect: g.Name(), of: reflect.TypeFor[T]()}
	if t, known := tables.Load(of); known {
		return t.(*table), nil //nolint:errcheck // nothing else is stored
	}
	stmt := &gorm.Statement{DB: g}
	if err := stmt.Parse(new(T)); err != nil {
		return nil, err
	}
	t := &table{name: stmt.Schema.Table, texts: map[string]string{}}
	for _, name := range stmt.Schema.DBNames {
		f := stmt.Schema.FieldsByDBName[name]
		kind, err := arrayKindOf(f)
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", t.name, name, err)
		}
		t.columns = append(t.columns, column{name: name, field: f, array: kind})
	}
	for i := range t.columns {
		if t.columns[i].field == stmt.Schema.PrioritizedPrimaryField && t.columns[i].field.AutoIncrement {
			t.key = &t.columns[i]
		}
	}
	stored, _ := tables.LoadOrStore(of, t)
	return stored.(*table), nil //nolint:errcheck // nothing else is stored
}

// text gives the statement for a purpose, written once.
func (t *table) text(purpose string, write func() string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	s, known := t.texts[purpose]
	if !known {
		s = write()
		t.texts[purpose] = s
	}
	return s
}

// createAll inserts rows, in their order. Either all of them have their id or the database gives all of
// them one, which is not put into the rows.
func createAll[T any](ctx context.Context, g *gorm.DB, rows []T) error {
	return createAllOr(ctx, g, rows, "")
}

// createAllOr is createAll with what is to be done where a row is there already (ON CONFLICT …).
func createAllOr[T any](ctx context.Context, g *gorm.DB, rows []T, onConflict string) error {
	if len(rows) == 0 {
		return nil
	}
	t, err := tableOf[T](g)
	if err != nil {
		return err
	}
	values := reflect.ValueOf(rows)
	columns := t.columns
	if t.key != nil {
		given := 0
		for i := range rows {
			if _, zero := t.key.field.ValueOf(ctx, values.Index(i)); !zero {
				given++
			}
		}
		switch given {
		case len(rows):
		case 0:
			columns = slices.DeleteFunc(slices.Clone(columns), func(c column) bool { return c.name == t.key.name })
		default:
			return fmt.Errorf("insert %s: %d of %d rows have an id", t.name, given, len(rows))
		}
	}
	return translated(g, t.insert(ctx, g, columns, values, onConflict))
}

func (t *table) insert(ctx context.Context, g *gorm.DB, columns []column, rows reflect.Value, onConflict string) error {
	into := func() string {
		return "INSERT INTO " + t.name + " (" + list(columns, ", ", func(_ int, c column) string { return `"` + c.name + `"` }) + ") "
	}
	if g.Name() == string(postgresDialect) {
		args, err := arrays(ctx, columns, rows)
		if err != nil {
			return err
		}
		text := t.text(fmt.Sprint("insert ", len(columns), onConflict), func() string {
			return into() + "SELECT * FROM unnest(" + list(columns, ", ", arrayParameter) + ") " + onConflict
		})
		_, err = g.Statement.ConnPool.ExecContext(ctx, text, args...)
		return err
	}
	args := make([]any, 0, rowsPerStatement*len(columns))
	for from := 0; from < rows.Len(); {
		n := rowsPerStatement
		for n > rows.Len()-from {
			n /= 2
		}
		args = args[:0]
		for i := range n {
			for _, c := range columns {
				v, err := c.value(ctx, rows.Index(from+i))
				if err != nil {
					return err
				}
				args = append(args, v)
			}
		}
		text := t.text(fmt.Sprint("insert ", len(columns), "×", n, onConflict), func() string {
			row := "(" + list(columns, ", ", func(int, column) string { return "?" }) + ")"
			return into() + "VALUES " + strings.Repeat(row+", ", n-1) + row + " " + onConflict
		})
		if _, err := g.Statement.ConnPool.ExecContext(ctx, text, args...); err != nil {
			return err
		}
		from += n
	}
	return nil
}

// rowsPerStatement is how many rows go into one statement on SQLite, a power of two: what is left goes
// by the next smaller ones, so that there are few texts.
const rowsPerStatement = 16

// saveAll writes every column of rows by their id where their version is still the one before, and
// reports how many it wrote.
func saveAll[T any](ctx context.Context, g *gorm.DB, rows []T, version string) (int64, error) {
	if len(rows) == 0 {
		return 0, nil
	}
	t, err := tableOf[T](g)
	if err != nil {
		return 0, err
	}
	values := reflect.ValueOf(rows)
	set := slices.DeleteFunc(slices.Clone(t.columns), func(c column) bool { return c.name == t.key.name })
	if g.Name() == string(postgresDialect) {
		args, err := arrays(ctx, t.columns, values)
		if err != nil {
			return 0, err
		}
		text := t.text("save", func() string {
			return "UPDATE " + t.name + " SET " + list(set, ", ", func(_ int, c column) string { return fmt.Sprintf(`"%[1]s" = v."%[1]s"`, c.name) }) +
				" FROM unnest(" + list(t.columns, ", ", arrayParameter) + ") AS v (" + list(t.columns, ", ", func(_ int, c column) string { return `"` + c.name + `"` }) + ")" +
				fmt.Sprintf(" WHERE %[1]s.%[2]s = v.%[2]s AND %[1]s.%[3]s = v.%[3]s - 1", t.name, t.key.name, version)
		})
		return written(g)(g.Statement.ConnPool.ExecContext(ctx, text, args...))
	}
	text := t.text("save", func() string {
		return "UPDATE " + t.name + " SET " + list(set, ", ", func(_ int, c column) string { return `"` + c.name + `" = ?` }) +
			" WHERE " + t.key.name + " = ? AND " + version + " = ? - 1"
	})
	var sum int64
	for i := range rows {
		args := make([]any, 0, len(set)+2)
		var was any
		for _, c := range append(slices.Clone(set), *t.key) {
			v, err := c.value(ctx, values.Index(i))
			if err != nil {
				return 0, err
			}
			if c.name == version {
				was = v
			}
			args = append(args, v)
		}
		n, err := written(g)(g.Statement.ConnPool.ExecContext(ctx, text, append(args, was)...))
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

// among is the condition that the column is one of a list. PostgreSQL gets the list as one array, so that
// the text does not change with its length.
func among[E any](g *gorm.DB, column string, list []E) clause.Expr {
	if g.Name() != string(postgresDialect) {
		return gorm.Expr(column+" IN ?", list)
	}
	if texts, are := any(list).([]string); are {
		plain := make([]string, len(texts))
		for i, s := range texts {
			plain[i] = plainText(s)
		}
		return gorm.Expr(column+" = ANY(?)", &plain)
	}
	return gorm.Expr(column+" = ANY(?)", &list)
}

// written reads how many rows a statement wrote.
func written(g *gorm.DB) func(sql.Result, error) (int64, error) {
	return func(r sql.Result, err error) (int64, error) {
		if err != nil {
			return 0, translated(g, err)
		}
		return r.RowsAffected()
	}
}

// translated gives an error gorm's meaning, as its own statements do.
func translated(g *gorm.DB, err error) error {
	if t, can := g.Dialector.(gorm.ErrorTranslator); can && err != nil {
		return t.Translate(err)
	}
	return err
}

func list(columns []column, between string, each func(int, column) string) string {
	parts := make([]string, len(columns))
	for i, c := range columns {
		parts[i] = each(i, c)
	}
	return strings.Join(parts, between)
}

// value is what a row holds in the column: nil, int64, float64, bool, string, []byte or time.Time.
func (c *column) value(ctx context.Context, row reflect.Value) (any, error) {
	v, _ := c.field.ValueOf(ctx, row)
	if valuer, is := v.(driver.Valuer); is {
		var err error
		if v, err = valuer.Value(); err != nil {
			return nil, err
		}
	}
	switch v := v.(type) {
	case nil, int64, float64, bool, string, time.Time:
		return v, nil
	case []byte:
		if v == nil {
			return nil, nil //nolint:nilnil // NULL is a value
		}
		return v, nil
	case *time.Time:
		if v == nil {
			return nil, nil //nolint:nilnil // NULL is a value
		}
		return *v, nil
	}
	return driver.DefaultParameterConverter.ConvertValue(v)
}

var errNoArray = errors.New("its type has no array")
