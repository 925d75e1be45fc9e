package config

import (
	"net/url"
	"reflect"
	"strings"

	"gopkg.in/yaml.v3"
)

// Print writes the settings as YAML with every secret as ***.
func (c Config) Print() ([]byte, error) {
	return yaml.Marshal(printable(reflect.ValueOf(c), ""))
}

// printable turns a setting into what YAML shows, in the order of the fields.
func printable(v reflect.Value, name string) any {
	switch v.Kind() {
	case reflect.Struct:
		n := yaml.Node{Kind: yaml.MappingNode}
		for f, value := range v.Fields() {
			key := f.Tag.Get("koanf")
			var k, x yaml.Node
			k.SetString(key)
			if err := x.Encode(printable(value, key)); err != nil {
				continue
			}
			n.Content = append(n.Content, &k, &x)
		}
		return &n
	case reflect.Slice:
		out := make([]any, v.Len())
		for i := range out {
			out[i] = printable(v.Index(i), name)
		}
		return out
	case reflect.String:
		return masked(name, v.String())
	}
	if d, ok := v.Interface().(interface{ String() string }); ok {
		return d.String()
	}
	return v.Interface()
}

// masked hides a secret: passwords, and the one inside a database's URL.
func masked(name, value string) string {
	switch {
	case value == "":
		return ""
	case name == "password", name == "secret", name == "session_secret":
		return "***"
	case name == "url" && strings.Contains(value, "@"):
		u, err := url.Parse(value)
		if err != nil {
			return "***"
		}
		return u.Redacted()
	}
	return value
}
