package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/canceldesk/canceldesk/tickets/evidence"
)

// keyRing is the desk's secrets of its own. They live in files of mode 0600 and never in the database,
// so that whoever copies the database can sign nothing.
type keyRing struct {
	signer   note.Signer
	verifier string
	mailID   []byte
	codes    []byte
}

const (
	evidenceKeyFile = "evidence.key"
	evidencePubFile = "evidence.pub"
	mailIDKeyFile   = "message-id.key"
	codesKeyFile    = "codes.key"
)

// makeKeys writes the keys that are not there yet. name is the evidence log's.
func makeKeys(dir, name string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the key folder: %w", err)
	}
	if _, err := os.Stat(filepath.Join(dir, evidenceKeyFile)); errors.Is(err, os.ErrNotExist) {
		signer, verifier, err := evidence.GenerateKey(rand.Reader, name)
		if err != nil {
			return err
		}
		if err := writeKey(dir, evidencePubFile, verifier); err != nil {
			return err
		}
		if err := writeKey(dir, evidenceKeyFile, signer); err != nil {
			return err
		}
	}
	for _, file := range []string{mailIDKeyFile, codesKeyFile} {
		if _, err := os.Stat(filepath.Join(dir, file)); !errors.Is(err, os.ErrNotExist) {
			continue
		}
		var key [32]byte
		if _, err := rand.Read(key[:]); err != nil {
			return fmt.Errorf("make key: %w", err)
		}
		if err := writeKey(dir, file, hex.EncodeToString(key[:])); err != nil {
			return err
		}
	}
	return nil
}

// writeKey writes a key file whole or not at all, so that a crash leaves no half key behind.
func writeKey(dir, file, key string) error {
	tmp := filepath.Join(dir, file+".new")
	if err := os.WriteFile(tmp, []byte(key+"\n"), 0o600); err != nil {
		return fmt.Errorf("write key: %w", err)
	}
	if err := os.Rename(tmp, filepath.Join(dir, file)); err != nil {
		return fmt.Errorf("write key: %w", err)
	}
	return nil
}

// readKeys reads the keys that migrate made.
func readKeys(dir string) (keyRing, error) {
	read := func(file string) (string, error) {
		b, err := os.ReadFile(filepath.Join(dir, file))
		if errors.Is(err, os.ErrNotExist) {
			return "", fmt.Errorf("there is no key %s: run `canceldesk migrate`, which makes the keys on its first run (or restore them from your backup)", filepath.Join(dir, file))
		}
		return strings.TrimSpace(string(b)), err
	}
	var k keyRing
	signer, err := read(evidenceKeyFile)
	if err != nil {
		return k, err
	}
	if k.signer, err = evidence.NewSigner(signer); err != nil {
		return k, fmt.Errorf("%s: %w", evidenceKeyFile, err)
	}
	if k.verifier, err = read(evidencePubFile); err != nil {
		return k, err
	}
	for _, x := range []struct {
		file string
		to   *[]byte
	}{{mailIDKeyFile, &k.mailID}, {codesKeyFile, &k.codes}} {
		s, err := read(x.file)
		if err != nil {
			return k, err
		}
		if *x.to, err = hex.DecodeString(s); err != nil || len(*x.to) < 32 {
			return k, fmt.Errorf("%s is not a key of 32 bytes in hex: restore it from your backup", x.file)
		}
	}
	return k, nil
}
