package config

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// fromFile reads YAML into values that have their settings' types. A key without a value is as good
// as none. Errors name the line.
func fromFile(r io.Reader) (map[string]any, error) {
	d := yaml.NewDecoder(r)
	var doc yaml.Node
	err := d.Decode(&doc)
	if errors.Is(err, io.EOF) {
		return map[string]any{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("not YAML: %w", err)
	}
	if err := d.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more after the first YAML document (a line ---); all settings belong into one")
	}
	v, err := typed(doc.Content[0], reflect.TypeFor[Config](), "")
	if err != nil {
		return nil, err
	}
	values, ok := v.(map[string]any)
	if !ok {
		values = map[string]any{}
	}
	return values, nil
}

// typed turns a part of the file into a value for a setting of type t, nil where nothing is set. What
// is text stays as it is written: a password 0123 is not the number 83.
func typed(n *yaml.Node, t reflect.Type, name string) (any, error) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return nil, nil //nolint:nilnil // nothing is set, which is no error
	}
	switch {
	case t.Kind() == reflect.Struct:
		return typedStruct(n, t, name)
	case t.Kind() == reflect.Slice && n.Kind == yaml.ScalarNode && t.Elem().Kind() == reflect.String:
		return []any{n.Value}, nil // one is a list of one
	case t.Kind() == reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			return nil, fmt.Errorf("line %d: %s must be a list", n.Line, name)
		}
		list := make([]any, len(n.Content))
		for i, item := range n.Content {
			var err error
			if list[i], err = typed(item, t.Elem(), fmt.Sprintf("%s.%d", name, i)); err != nil {
				return nil, err
			}
		}
		return list, nil
	case t.Kind() == reflect.Map:
		m := reflect.New(t)
		if err := n.Decode(m.Interface()); n.Kind != yaml.MappingNode || err != nil {
			return nil, fmt.Errorf("line %d: %s must be a mapping of names to values", n.Line, name)
		}
		return m.Elem().Interface(), nil
	}
	if n.Kind != yaml.ScalarNode {
		return nil, fmt.Errorf("line %d: %s must be one value", n.Line, name)
	}
	v, err := scalar(n.Value, t, name)
	if err != nil {
		return nil, fmt.Errorf("line %d: %w", n.Line, err)
	}
	return v, nil
}

// typedStruct is typed for a group of settings. A setting that does not exist, or that is there twice,
// is an error.
func typedStruct(n *yaml.Node, t reflect.Type, name string) (any, error) {
	if n.Kind != yaml.MappingNode {
		what := "the file"
		if name != "" {
			what = name
		}
		return nil, fmt.Errorf("line %d: %s must be a mapping of settings. There are: %s", n.Line, what, names(t))
	}
	values := map[string]any{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		full := strings.TrimPrefix(name+"."+key.Value, ".")
		field, ok := fieldOf(t, key.Value)
		if !ok {
			return nil, fmt.Errorf("line %d: there is no setting %q. There are: %s", key.Line, full, names(t))
		}
		if _, twice := values[key.Value]; twice {
			return nil, fmt.Errorf("line %d: %s is there twice", key.Line, full)
		}
		v, err := typed(n.Content[i+1], field, full)
		if err != nil {
			return nil, err
		}
		values[key.Value] = v
	}
	maps.DeleteFunc(values, func(_ string, v any) bool { return v == nil })
	return values, nil
}

// scalar reads one value of a setting of type t.
func scalar(value string, t reflect.Type, name string) (any, error) {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		d, err := time.ParseDuration(value)
		if err != nil {
			return nil, fmt.Errorf("%s is %q; it must be a duration such as 4h, 30m or 90s", name, value)
		}
		return d, nil
	case t.Kind() == reflect.Int || t.Kind() == reflect.Int64:
		i, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s is %q; it must be a whole number", name, value)
		}
		return i, nil
	case t.Kind() == reflect.Bool:
		switch strings.ToLower(value) {
		case "true", "yes", "on":
			return true, nil
		case "false", "no", "off":
			return false, nil
		}
		return nil, fmt.Errorf("%s is %q; it must be true or false", name, value)
	}
	return value, nil
}

// fieldOf is the type of the setting of that name in a group of settings.
func fieldOf(t reflect.Type, key string) (reflect.Type, bool) {
	for f := range t.Fields() {
		if f.Tag.Get("koanf") == key {
			return f.Type, true
		}
	}
	return nil, false
}

// names lists what settings a group has.
func names(t reflect.Type) string {
	var all []string
	for f := range t.Fields() {
		all = append(all, f.Tag.Get("koanf"))
	}
	return strings.Join(slices.Sorted(slices.Values(all)), ", ")
}
