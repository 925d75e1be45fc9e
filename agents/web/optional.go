package web

import (
	"encoding/json"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// optional is a member of a body that may be left out, which changes nothing (set is false), or be
// null, which clears it.
type optional[T any] struct {
	set   bool
	value T
}

// UnmarshalJSON is called only for a member that is there.
func (o *optional[T]) UnmarshalJSON(b []byte) error {
	o.set = true
	if string(b) == "null" {
		return nil
	}
	return json.Unmarshal(b, &o.value)
}

// Schema is that of the value, or null.
func (optional[T]) Schema(r huma.Registry) *huma.Schema {
	s := huma.SchemaFromType(r, reflect.TypeFor[T]())
	s.Nullable = true
	// Generated clients would otherwise send null, which clears, for whatever they leave out.
	s.Extensions = map[string]any{"x-omitempty": true}
	return s
}

// into sets what is to be changed.
func (o optional[T]) into(known *T) {
	if o.set {
		*known = o.value
	}
}
