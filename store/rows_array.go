package store

import (
	"context"
	"fmt"
	"reflect"
	"strconv"
	"time"

	"gorm.io/gorm/schema"
)

// arrayKind is the type of a column's elements where it goes to PostgreSQL as an array.
type arrayKind string

const (
	textArray    arrayKind = "text"
	integerArray arrayKind = "bigint"
	floatArray   arrayKind = "double precision"
	boolArray    arrayKind = "boolean"
	timeArray    arrayKind = "timestamptz"
	bytesArray   arrayKind = "bytea"
)

// arrayKindOf tells by what kind of array the values of a field go.
func arrayKindOf(f *schema.Field) (arrayKind, error) {
	of := f.IndirectFieldType
	switch {
	case f.Serializer != nil: // JSON, which is text
		return textArray, nil
	case of == reflect.TypeFor[time.Time]():
		return timeArray, nil
	case of == reflect.TypeFor[[]byte]():
		return bytesArray, nil
	}
	switch of.Kind() {
	case reflect.String:
		return textArray, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return integerArray, nil
	case reflect.Float32, reflect.Float64:
		return floatArray, nil
	case reflect.Bool:
		return boolArray, nil
	}
	return "", fmt.Errorf("%w: %s", errNoArray, of)
}

// arrayParameter is the place of a column's array in a statement.
func arrayParameter(i int, c column) string {
	return "$" + strconv.Itoa(i+1) + "::" + string(c.array) + "[]"
}

// arrays gives each column's values as an array that pgx can send.
func arrays(ctx context.Context, columns []column, rows reflect.Value) ([]any, error) {
	out := make([]any, len(columns))
	for i := range columns {
		var err error
		switch c := &columns[i]; c.array {
		case textArray:
			out[i], err = array(ctx, c, rows, plainText)
		case integerArray:
			out[i], err = array(ctx, c, rows, same[int64])
		case floatArray:
			out[i], err = array(ctx, c, rows, same[float64])
		case boolArray:
			out[i], err = array(ctx, c, rows, same[bool])
		case timeArray:
			out[i], err = array(ctx, c, rows, same[time.Time])
		case bytesArray:
			out[i], err = array(ctx, c, rows, same[[]byte])
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func same[E any](v E) E { return v }

// array is one column's values, nil for NULL.
func array[E any](ctx context.Context, c *column, rows reflect.Value, plain func(E) E) ([]*E, error) {
	values, out := make([]E, rows.Len()), make([]*E, rows.Len())
	for i := range out {
		v, err := c.value(ctx, rows.Index(i))
		if err != nil {
			return nil, err
		}
		if v == nil {
			continue
		}
		e, fits := v.(E)
		if !fits {
			return nil, fmt.Errorf("%s is a %T", c.name, v)
		}
		values[i] = plain(e)
		out[i] = &values[i]
	}
	return out, nil
}
