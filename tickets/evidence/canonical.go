package evidence

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// stampLayout is RFC 3339 with microseconds and a numeric offset. UTC is
// written +00:00, so that one instant in one zone has one spelling.
const stampLayout = "2006-01-02T15:04:05.000000-07:00"

// maxDepth bounds the nesting of canonical values; event data is flat or
// nearly so, and a bound keeps hostile input from exhausting the stack.
const maxDepth = 16

// errNotCanonical says that bytes are readable but not in the one form that
// is hashed.
var errNotCanonical = errors.New("not in canonical form")

// canonical encodes v as one JSON line without a newline: keys sorted by
// their UTF-8 bytes, no spaces, integers only, strings escaped as little as
// JSON allows. It refuses floats, bytes, structs other than time.Time, maps
// without string keys, and text that is not UTF-8.
func canonical(v any) ([]byte, error) {
	return appendValue(nil, v, 0)
}

// decodeStrict decodes line into the struct v points to and refuses whatever
// reencode would not have written byte for byte. That one comparison rules
// out unknown, missing, repeated and reordered keys, other spellings of
// numbers and strings, and anything behind the value.
func decodeStrict(line []byte, v any, reencode func() ([]byte, error)) error {
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.UseNumber()
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return fmt.Errorf("decode JSON: %w", err)
	}
	again, err := reencode()
	if err != nil {
		return err
	}
	if !bytes.Equal(again, line) {
		return errNotCanonical
	}
	return nil
}

func appendValue(b []byte, v any, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("nested deeper than %d", maxDepth)
	}
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case string:
		return appendString(b, v)
	case json.Number:
		n, err := strconv.ParseInt(v.String(), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("number %s is not a 64-bit integer", v)
		}
		return strconv.AppendInt(b, n, 10), nil
	case time.Time:
		s, err := stamp(v)
		if err != nil {
			return nil, err
		}
		return appendString(b, s)
	}
	return appendKind(b, reflect.ValueOf(v), depth)
}

// appendKind takes named and composite types by what they are made of.
func appendKind(b []byte, v reflect.Value, depth int) ([]byte, error) {
	switch v.Kind() {
	case reflect.Bool:
		return strconv.AppendBool(b, v.Bool()), nil
	case reflect.String:
		return appendString(b, v.String())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.AppendInt(b, v.Int(), 10), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if v.Uint() > math.MaxInt64 {
			return nil, fmt.Errorf("number %d is not a 64-bit integer", v.Uint())
		}
		return strconv.AppendUint(b, v.Uint(), 10), nil
	case reflect.Pointer:
		if v.IsNil() {
			return append(b, "null"...), nil
		}
		return appendValue(b, v.Elem().Interface(), depth+1)
	case reflect.Slice, reflect.Array:
		return appendList(b, v, depth)
	case reflect.Map:
		return appendMap(b, v, depth)
	}
	return nil, fmt.Errorf("a %s has no canonical form", v.Type())
}

func appendList(b []byte, v reflect.Value, depth int) ([]byte, error) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		return nil, errors.New("bytes have no canonical form, encode them as text")
	}
	b = append(b, '[')
	for i := range v.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = appendValue(b, v.Index(i).Interface(), depth+1); err != nil {
			return nil, fmt.Errorf("[%d]: %w", i, err)
		}
	}
	return append(b, ']'), nil
}

func appendMap(b []byte, v reflect.Value, depth int) ([]byte, error) {
	if v.Type().Key().Kind() != reflect.String {
		return nil, fmt.Errorf("a %s has no canonical form, keys must be strings", v.Type())
	}
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int {
		return bytes.Compare([]byte(a.String()), []byte(b.String()))
	})
	b = append(b, '{')
	for i, key := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = appendString(b, key.String()); err != nil {
			return nil, err
		}
		b = append(b, ':')
		if b, err = appendValue(b, v.MapIndex(key).Interface(), depth+1); err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
	}
	return append(b, '}'), nil
}

// appendString escapes the quote, the backslash and control characters, the
// five with a short form by it, and leaves everything else as it is.
func appendString(b []byte, s string) ([]byte, error) {
	if !utf8.ValidString(s) {
		return nil, errors.New("text is not UTF-8")
	}
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\b':
			b = append(b, `\b`...)
		case '\f':
			b = append(b, `\f`...)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		case '\t':
			b = append(b, `\t`...)
		default:
			if c < 0x20 {
				b = fmt.Appendf(b, `\u%04x`, c)
			} else {
				b = append(b, c)
			}
		}
	}
	return append(b, '"'), nil
}

// integers replaces the decoder's numbers by int64, in place, so that parsed
// data compares equal to what was written. Other values stay.
func integers(v any) (any, error) {
	var err error
	switch v := v.(type) {
	case json.Number:
		n, err := strconv.ParseInt(v.String(), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("number %s is not a 64-bit integer", v)
		}
		return n, nil
	case map[string]any:
		for key, item := range v {
			if v[key], err = integers(item); err != nil {
				return nil, err
			}
		}
	case []any:
		for i, item := range v {
			if v[i], err = integers(item); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

// stamp writes an instant with the offset of its own zone, cut to
// microseconds.
func stamp(t time.Time) (string, error) {
	if t.IsZero() {
		return "", errors.New("time is not set")
	}
	if _, offset := t.Zone(); offset%60 != 0 {
		return "", fmt.Errorf("zone offset of %d seconds is not whole minutes", offset)
	}
	if y := t.Year(); y < 1 || y > 9999 {
		return "", fmt.Errorf("year %d is outside RFC 3339", y)
	}
	return t.Format(stampLayout), nil
}

// parseStamp reads what stamp writes. The zone is always a fixed offset, so
// that the result does not depend on the machine's own zone.
func parseStamp(s string) (time.Time, error) {
	t, err := time.ParseInLocation(stampLayout, s, time.UTC)
	if err != nil {
		return time.Time{}, fmt.Errorf("time %q is not RFC 3339 with microseconds and offset", s)
	}
	return t, nil
}

// isDigest tells whether s is a SHA-256 digest in lower-case hex.
func isDigest(s string) bool {
	if len(s) != 64 {
		return false
	}
	raw, err := hex.DecodeString(s)
	return err == nil && hex.EncodeToString(raw) == s
}
