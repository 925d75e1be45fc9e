package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/canceldesk/canceldesk/cmd/canceldesk/config"
	"github.com/canceldesk/canceldesk/mailin"
)

// tokensOf gives the access tokens of a mail server; nil where login is by password.
func (a *app) tokensOf(s config.MailServer) *mailin.Tokens {
	o := s.OAuth2
	if s.Auth != "xoauth2" {
		return nil
	}
	if known := a.tokens[o]; known != nil {
		return known // imap and smtp of one mailbox share what they have; all are made while the program is built
	}
	from := mailin.OAuth2{
		TokenURL: o.TokenURL, ClientID: o.ClientID, ClientSecret: o.ClientSecret, RefreshToken: o.RefreshToken, Scope: o.Scope, Now: a.now,
	}
	if o.RefreshToken != "" {
		file := keptToken{dir: a.config.Keys.Dir, name: "oauth2-" + descent(o)}
		from.Kept = file.read
		from.Keep = func(token string) bool {
			err := file.write(token)
			if err != nil {
				a.log.Error("a new refresh token can't be kept: the mailbox may need a new login after a restart", "file", file.name, "error", err)
			}
			return err == nil
		}
	}
	if a.tokens == nil {
		a.tokens = map[config.OAuth2]*mailin.Tokens{}
	}
	a.tokens[o] = mailin.NewTokens(from)
	return a.tokens[o]
}

// descent names the refresh token of the settings without telling it. What the provider gave later in its place
// is kept under that name, so that a new one in the settings begins anew.
func descent(o config.OAuth2) string {
	sum := sha256.Sum256([]byte(o.TokenURL + "\x00" + o.ClientID + "\x00" + o.RefreshToken))
	return hex.EncodeToString(sum[:8])
}

// keptToken is a file of the key folder, readable by nobody else.
type keptToken struct{ dir, name string }

func (k keptToken) read() (string, error) {
	raw, err := os.ReadFile(filepath.Join(k.dir, k.name))
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	return strings.TrimSpace(string(raw)), err
}

// write replaces the file as a whole, so that a reader never sees half a token.
func (k keptToken) write(token string) error {
	f, err := os.CreateTemp(k.dir, "."+k.name+"-*") // of mode 0600
	if err != nil {
		return fmt.Errorf("keep refresh token: %w", err)
	}
	_, err = f.WriteString(token + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), filepath.Join(k.dir, k.name))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("keep refresh token: %w", err), os.Remove(f.Name()))
	}
	return nil
}
