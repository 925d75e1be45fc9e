package config

import (
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// hidden stands for a secret.
const hidden = "***"

// Print writes the settings as YAML with every secret as ***: passwords and secrets, the ones inside
// URLs, and everything about a merchant but its name.
func (c Config) Print() ([]byte, error) {
	n, err := printable(reflect.ValueOf(c), "")
	if err != nil {
		return nil, err
	}
	return yaml.Marshal(n)
}

// printable turns the setting of that name into what YAML shows, in the order of the fields.
func printable(v reflect.Value, name string) (any, error) {
	if d, ok := v.Interface().(time.Duration); ok {
		return d.String(), nil
	}
	switch v.Kind() {
	case reflect.Struct:
		n := yaml.Node{Kind: yaml.MappingNode}
		for f, value := range v.Fields() {
			key := f.Tag.Get("koanf")
			shown, err := printable(value, key)
			if err != nil {
				return nil, err
			}
			var k, x yaml.Node
			k.SetString(key)
			if err := x.Encode(shown); err != nil {
				return nil, fmt.Errorf("%s: %w", key, err)
			}
			n.Content = append(n.Content, &k, &x)
		}
		return &n, nil
	case reflect.Slice:
		out := make([]any, v.Len())
		for i := range out {
			var err error
			if out[i], err = printable(v.Index(i), name); err != nil {
				return nil, err
			}
		}
		return out, nil
	case reflect.String:
		return masked(name, v.String()), nil
	}
	if m, ok := v.Interface().(map[string]any); ok {
		shown := map[string]any{}
		for k, x := range m {
			if shown[k] = any(hidden); k == "name" {
				shown[k] = x
			}
		}
		return shown, nil
	}
	return v.Interface(), nil
}

// masked hides what is secret in a setting.
func masked(name, value string) string {
	switch name {
	case "password", "secret", "session_secret", "client_secret", "refresh_token":
		if value != "" {
			return hidden
		}
	case "url", "public_url", "token_url":
		return maskedURL(value)
	}
	return value
}

// maskedURL hides who logs in at a URL, and what its query says: drivers and services take passwords
// and tokens there, each by its own name.
func maskedURL(value string) string {
	if strings.HasPrefix(value, "sqlite:") || !strings.ContainsAny(value, "@?") {
		return value // a path, or nothing that could be secret
	}
	u, err := url.Parse(value)
	if err != nil || u.Opaque != "" {
		return hidden
	}
	var login, query string
	if u.User != nil {
		login = hidden + "@"
	}
	if u.RawQuery != "" {
		query = "?" + hidden
	}
	return u.Scheme + "://" + login + u.Host + u.EscapedPath() + query
}
