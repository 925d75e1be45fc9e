package config

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// envPrefix begins every environment variable that is a setting; dots of the setting's name become
// envDot.
const (
	envPrefix = "CANCELDESK_"
	envDot    = "__"
)

// fromEnvironment puts variables such as CANCELDESK_HTTP__PUBLIC_URL and
// CANCELDESK_MAILBOXES__0__IMAP__PASSWORD over the file's values. Errors name the variable and never
// the value of a text, which may be a secret.
func fromEnvironment(values map[string]any, environ []string) error {
	type variable struct {
		name, value string
		path        []string
	}
	var set []variable
	for _, v := range environ {
		name, value, _ := strings.Cut(v, "=")
		rest, ok := strings.CutPrefix(name, envPrefix)
		if !ok || !strings.Contains(rest, envDot) {
			continue // CANCELDESK_CONFIG and the like are not settings
		}
		set = append(set, variable{name, value, strings.Split(strings.ToLower(rest), envDot)})
	}
	// Entries of a list come in their order, 2 before 10, so that each extends the list by one.
	slices.SortFunc(set, func(a, b variable) int { return slices.CompareFunc(a.path, b.path, compareParts) })
	for _, v := range set {
		if err := override(values, v.path, v.value, reflect.TypeFor[Config](), ""); err != nil {
			return fmt.Errorf("environment variable %s: %w", v.name, err)
		}
	}
	return nil
}

func compareParts(a, b string) int {
	i, errA := strconv.Atoi(a)
	j, errB := strconv.Atoi(b)
	if errA == nil && errB == nil {
		return cmp.Compare(i, j)
	}
	return cmp.Compare(a, b)
}

// override sets the value at path in a group of settings of type t.
func override(values map[string]any, path []string, value string, t reflect.Type, name string) error {
	key := path[0]
	name = strings.TrimPrefix(name+"."+key, ".")
	field, ok := fieldOf(t, key)
	switch {
	case !ok:
		return fmt.Errorf("there is no setting %q. There are: %s", name, names(t))
	case field.Kind() == reflect.Map:
		return errors.New("the names in " + name + " are set in the file only")
	case field.Kind() == reflect.Slice && field.Elem().Kind() == reflect.String:
		if len(path) > 1 {
			return errors.New(name + " is set as a whole: its entries with commas between them")
		}
		var list []any
		for entry := range strings.SplitSeq(value, ",") {
			list = append(list, strings.TrimSpace(entry))
		}
		values[key] = list
		return nil
	case field.Kind() == reflect.Slice && field.Elem().Kind() == reflect.Struct:
		return overrideEntry(values, key, path[1:], value, field.Elem())
	case field.Kind() == reflect.Slice:
		return errors.New(name + " is set in the file only")
	case field.Kind() == reflect.Struct:
		if len(path) == 1 {
			return fmt.Errorf("%s is a group of settings. There are: %s", name, names(field))
		}
		m, ok := values[key].(map[string]any)
		if !ok {
			m = map[string]any{}
			values[key] = m
		}
		return override(m, path[1:], value, field, name)
	case len(path) > 1:
		return fmt.Errorf("there is nothing below %s", name)
	}
	v, err := scalar(value, field, name)
	if err != nil {
		return err
	}
	values[key] = v
	return nil
}

// overrideEntry sets a value in the list's entry with the index path[0]; the index after the last
// makes a new one.
func overrideEntry(values map[string]any, key string, path []string, value string, elem reflect.Type) error {
	list, _ := values[key].([]any)
	if len(path) < 2 {
		return fmt.Errorf("want an entry's number and a setting's name after %s", key)
	}
	i, err := strconv.Atoi(path[0])
	if err != nil || i < 0 || i > len(list) {
		return fmt.Errorf("%s has no entry %s; the next to be made is %d", key, path[0], len(list))
	}
	if i == len(list) {
		list = append(list, nil)
		values[key] = list
	}
	m, ok := list[i].(map[string]any)
	if !ok {
		m = map[string]any{}
		list[i] = m
	}
	return override(m, path[1:], value, elem, key+"."+path[0])
}
