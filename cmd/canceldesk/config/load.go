package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-viper/mapstructure/v2"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"
)

// Load reads settings from the file at path, then from the environment (as os.Environ gives it),
// over the defaults. An unknown setting is an error with its line. Secrets named by a …_file setting
// are read from there. Relative paths are relative to the file.
func Load(path string, environ []string) (Config, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return Config{}, fmt.Errorf("there is no settings file %s: write one (config.example.yaml shows every setting) or name it with --config or $CANCELDESK_CONFIG", path)
	}
	if err != nil {
		return Config{}, fmt.Errorf("read settings: %w", err)
	}
	c, err := read(bytes.NewReader(raw), environ)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return Config{}, fmt.Errorf("read settings: %w", err)
	}
	c.anchor(dir)
	if err := c.readSecrets(dir); err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// read decodes settings over the defaults without touching any other file.
func read(r io.Reader, environ []string) (Config, error) {
	values, err := fromFile(r)
	if err != nil {
		return Config{}, err
	}
	if err := fromEnvironment(values, environ); err != nil {
		return Config{}, err
	}
	boxes, set := values["mailboxes"].([]any)
	delete(values, "mailboxes")
	c := Default()
	if err := decode(values, &c); err != nil {
		return Config{}, err
	}
	if !set {
		return c, nil
	}
	// A mailbox leaves out what it has like others, so each begins with the defaults.
	c.Mailboxes = make([]Mailbox, len(boxes))
	for i, box := range boxes {
		c.Mailboxes[i] = DefaultMailbox()
		m, _ := box.(map[string]any) // nil for an entry that sets nothing
		if err := decode(m, &c.Mailboxes[i]); err != nil {
			return Config{}, fmt.Errorf("mailboxes.%d: %w", i, err)
		}
	}
	return c, nil
}

// decode puts values, which have their settings' types already, into a struct that holds the defaults.
func decode(values map[string]any, into any) error {
	k := koanf.New(".")
	if err := k.Load(confmap.Provider(values, ""), nil); err != nil {
		return err
	}
	return k.UnmarshalWithConf("", into, koanf.UnmarshalConf{DecoderConfig: &mapstructure.DecoderConfig{
		Result: into, TagName: "koanf", ErrorUnused: true,
	}})
}

// anchor makes relative paths relative to dir.
func (c *Config) anchor(dir string) {
	c.Keys.Dir, c.Desk.CalendarFile = under(dir, c.Keys.Dir), under(dir, c.Desk.CalendarFile)
	for i := range c.Mailboxes {
		m := &c.Mailboxes[i]
		m.IMAP.CAFile, m.SMTP.CAFile = under(dir, m.IMAP.CAFile), under(dir, m.SMTP.CAFile)
	}
	if p, ok := strings.CutPrefix(c.Database.URL, "sqlite:"); ok && p != "" {
		c.Database.URL = "sqlite:" + under(dir, p)
	}
	// file:blobs is a folder beside the settings file; file:///blobs is one at the top of the disk.
	if p, ok := strings.CutPrefix(c.Blobs.URL, "file:"); ok && p != "" && !strings.HasPrefix(p, "/") {
		c.Blobs.URL = (&url.URL{Scheme: "file", Path: filepath.ToSlash(under(dir, p))}).String()
	}
}

// under is path as seen from dir; no path stays none.
func under(dir, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}
