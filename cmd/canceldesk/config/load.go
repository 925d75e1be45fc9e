package config

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/go-viper/mapstructure/v2"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"
	"gopkg.in/yaml.v3"
)

// envPrefix begins every environment variable that is a setting; dots of the setting's name become
// two underscores.
const envPrefix = "CANCELDESK_"

// Load reads settings from the file at path, then from the environment (as os.Environ gives it),
// over the defaults. An unknown setting is an error with its line. Secrets named by a …_file setting
// are read from there. Relative paths are relative to the file.
func Load(path string, environ []string) (Config, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return Config{}, fmt.Errorf("there is no settings file %s: write one (config.example.yaml shows every setting) or name it with --config or $CANCELDESK_CONFIG", path)
	}
	if err != nil {
		return Config{}, fmt.Errorf("read settings: %w", err)
	}
	defer f.Close()
	c, err := read(f, environ)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return Config{}, fmt.Errorf("read settings: %w", err)
	}
	if err := c.resolve(dir); err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// read decodes settings over the defaults without touching any other file.
func read(r io.Reader, environ []string) (Config, error) {
	raw, err := io.ReadAll(r)
	if err != nil {
		return Config{}, err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		return Config{}, fmt.Errorf("not YAML: %w", err)
	}
	values := map[string]any{}
	if len(doc.Content) > 0 {
		if doc.Content[0].Kind != yaml.MappingNode {
			return Config{}, errors.New("not settings: the file must be a mapping such as `http: {address: …}`")
		}
		if err := unknown(doc.Content[0], reflect.TypeFor[Config](), ""); err != nil {
			return Config{}, err
		}
		if err := doc.Decode(&values); err != nil {
			return Config{}, fmt.Errorf("not settings: %w", err)
		}
	}
	if err := fromEnvironment(values, environ); err != nil {
		return Config{}, err
	}
	boxes, set := values["mailboxes"]
	delete(values, "mailboxes")
	c := Default()
	if err := decode(values, &c); err != nil {
		return Config{}, err
	}
	if !set {
		return c, nil
	}
	list, ok := boxes.([]any)
	if !ok {
		return Config{}, errors.New("mailboxes: must be a list")
	}
	c.Mailboxes = make([]Mailbox, len(list))
	for i, one := range list {
		c.Mailboxes[i] = DefaultMailbox()
		m, ok := one.(map[string]any)
		if !ok {
			return Config{}, fmt.Errorf("mailboxes: entry %d must be a mapping", i+1)
		}
		if err := decode(m, &c.Mailboxes[i]); err != nil {
			return Config{}, fmt.Errorf("mailboxes: entry %d: %w", i+1, err)
		}
	}
	return c, nil
}

// decode puts values into a struct that holds the defaults.
func decode(values map[string]any, into any) error {
	k := koanf.New(".")
	if err := k.Load(confmap.Provider(values, ""), nil); err != nil {
		return err
	}
	return k.UnmarshalWithConf("", into, koanf.UnmarshalConf{DecoderConfig: &mapstructure.DecoderConfig{
		Result: into, TagName: "koanf", WeaklyTypedInput: true, ErrorUnused: true, ZeroFields: false,
		DecodeHook: mapstructure.StringToTimeDurationHookFunc(),
	}})
}

// unknown reports the first setting that does not exist, with its line and what is near it.
func unknown(n *yaml.Node, t reflect.Type, path string) error {
	switch {
	case n.Kind == yaml.SequenceNode && t.Kind() == reflect.Slice:
		for _, item := range n.Content {
			if err := unknown(item, t.Elem(), path); err != nil {
				return err
			}
		}
	case n.Kind == yaml.MappingNode && t.Kind() == reflect.Struct:
		fields := map[string]reflect.Type{}
		for f := range t.Fields() {
			fields[f.Tag.Get("koanf")] = f.Type
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			field, ok := fields[key.Value]
			name := strings.TrimPrefix(path+"."+key.Value, ".")
			if !ok {
				return fmt.Errorf("line %d: there is no setting %q. There are: %s", key.Line, name, strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
			}
			if err := unknown(n.Content[i+1], field, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// fromEnvironment puts variables such as CANCELDESK_HTTP__PUBLIC_URL and
// CANCELDESK_MAILBOXES__0__IMAP__PASSWORD over the file's values.
func fromEnvironment(values map[string]any, environ []string) error {
	for _, v := range slices.Sorted(slices.Values(environ)) {
		name, value, _ := strings.Cut(v, "=")
		rest, ok := strings.CutPrefix(name, envPrefix)
		if !ok || !strings.Contains(rest, "__") {
			continue // CANCELDESK_CONFIG and the like are not settings
		}
		if err := set(values, strings.Split(strings.ToLower(rest), "__"), value, reflect.TypeFor[Config]()); err != nil {
			return fmt.Errorf("environment variable %s: %w", name, err)
		}
	}
	return nil
}

func set(values map[string]any, path []string, value string, t reflect.Type) error {
	key := path[0]
	field, ok := fieldOf(t, key)
	if !ok {
		return fmt.Errorf("there is no setting %q", key)
	}
	switch {
	case len(path) == 1 && field.Kind() == reflect.Slice:
		values[key] = strings.Split(value, ",")
		return nil
	case len(path) == 1:
		values[key] = value
		return nil
	case field.Kind() == reflect.Slice:
		return setAt(values, key, path[1:], value, field.Elem())
	case field.Kind() == reflect.Map:
		m, _ := values[key].(map[string]any)
		if m == nil {
			m = map[string]any{}
			values[key] = m
		}
		m[strings.Join(path[1:], "__")] = value
		return nil
	}
	m, _ := values[key].(map[string]any)
	if m == nil {
		m = map[string]any{}
		values[key] = m
	}
	return set(m, path[1:], value, field)
}

// setAt sets a value of the list's entry with the index path[0].
func setAt(values map[string]any, key string, path []string, value string, elem reflect.Type) error {
	i, err := strconv.Atoi(path[0])
	list, _ := values[key].([]any)
	if err != nil || i < 0 || i > len(list) || len(path) < 2 {
		return fmt.Errorf("want a number from 0 to %d and a setting's name after %s", len(list), key)
	}
	if i == len(list) {
		list = append(list, map[string]any{})
		values[key] = list
	}
	m, ok := list[i].(map[string]any)
	if !ok {
		return fmt.Errorf("entry %d of %s is not a mapping", i, key)
	}
	if elem.Kind() != reflect.Struct {
		m[strings.Join(path[1:], "__")] = value
		return nil
	}
	return set(m, path[1:], value, elem)
}

func fieldOf(t reflect.Type, key string) (reflect.Type, bool) {
	for f := range t.Fields() {
		if f.Tag.Get("koanf") == key {
			return f.Type, true
		}
	}
	return nil, false
}

// resolve reads secrets from their files and makes paths absolute.
func (c *Config) resolve(dir string) error {
	abs := func(p string) string {
		if p == "" || filepath.IsAbs(p) {
			return p
		}
		return filepath.Join(dir, p)
	}
	secrets := []struct {
		name     string
		to, file *string
	}{
		{"accounts.secret", &c.Accounts.Secret, &c.Accounts.SecretFile},
		{"billing.secret", &c.Billing.Secret, &c.Billing.SecretFile},
		{"sms.secret", &c.SMS.Secret, &c.SMS.SecretFile},
		{"chat.session_secret", &c.Chat.SessionSecret, &c.Chat.SessionSecretFile},
	}
	for i := range c.Mailboxes {
		m := &c.Mailboxes[i]
		m.IMAP.CAFile, m.SMTP.CAFile = abs(m.IMAP.CAFile), abs(m.SMTP.CAFile)
		at := fmt.Sprintf("mailboxes.%d.", i)
		secrets = append(secrets, struct {
			name     string
			to, file *string
		}{at + "imap.password", &m.IMAP.Password, &m.IMAP.PasswordFile}, struct {
			name     string
			to, file *string
		}{at + "smtp.password", &m.SMTP.Password, &m.SMTP.PasswordFile})
	}
	for _, s := range secrets {
		if *s.file == "" {
			continue
		}
		if *s.to != "" {
			return fmt.Errorf("%s and %s_file are both set: leave one", s.name, s.name)
		}
		raw, err := os.ReadFile(abs(*s.file))
		if err != nil {
			return fmt.Errorf("%s_file: %w", s.name, err)
		}
		*s.to = strings.TrimSpace(string(raw))
	}
	c.Keys.Dir, c.Desk.CalendarFile = abs(c.Keys.Dir), abs(c.Desk.CalendarFile)
	if p, ok := strings.CutPrefix(c.Database.URL, "sqlite:"); ok && p != "" {
		c.Database.URL = "sqlite:" + abs(p)
	}
	return nil
}
