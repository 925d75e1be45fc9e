package main

import (
	"bytes"
	"crypto/rand"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/canceldesk/canceldesk/tickets/evidence"
)

// exportedBundle writes a bundle of one event and returns its path and key.
func exportedBundle(t *testing.T, dir string) (name, key string) {
	t.Helper()
	at := time.Date(2026, 4, 1, 9, 0, 0, 0, time.FixedZone("", 8*3600))
	signerKey, key, err := evidence.GenerateKey(rand.Reader, "desk.example.com")
	if err != nil {
		t.Fatal(err)
	}
	var stored []tlog.Hash
	hashes := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var out []tlog.Hash
		for _, i := range indexes {
			out = append(out, stored[i])
		}
		return out, nil
	})
	var size int64
	add := func(leaf []byte) int64 {
		log, err := evidence.NewLog(size, hashes)
		if err != nil {
			t.Fatal(err)
		}
		a, err := log.Append(leaf)
		if err != nil {
			t.Fatal(err)
		}
		stored, size = append(stored, a.Hashes...), a.Size
		return a.First
	}
	line, err := evidence.Event{Stream: "CD-000001", N: 1, At: at, Type: "ticket.opened", Actor: "desk"}.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	draft, err := evidence.PrepareHead(evidence.Contents{Events: []evidence.Logged{{Index: add(line), Line: line}}}, rand.Reader, at)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := draft.Head.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	head := add(leaf)
	root, err := tlog.TreeHash(size, hashes)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := evidence.NewSigner(signerKey)
	if err != nil {
		t.Fatal(err)
	}
	msg, err := evidence.SignCheckpoint(evidence.Checkpoint{Origin: signer.Name(), Size: size, Root: root}, signer)
	if err != nil {
		t.Fatal(err)
	}
	name = filepath.Join(dir, "CD-000001.zip")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := evidence.WriteBundle(f, evidence.Bundle{Draft: draft, HeadIndex: head, Checkpoint: msg, VerifierKey: key, Hashes: hashes}); err != nil {
		t.Fatal(err)
	}
	return name, key
}

func runVerify(args ...string) (string, error) {
	var out bytes.Buffer
	cmd := evidenceVerifyCommand()
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(io.Discard)
	err := cmd.Execute()
	return out.String(), err
}

func TestEvidenceVerify(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name, key := exportedBundle(t, dir)
	keyFile := filepath.Join(dir, "key.pub")
	if err := os.WriteFile(keyFile, []byte(key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, foreign, err := evidence.GenerateKey(rand.Reader, "desk.example.com")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		args    []string
		out     []string
		wantErr string
	}{
		"key on the command line": {[]string{name, "--key", key}, []string{"PASS  checkpoint: log of 2 leaves", "PASS  events CD-000001: 1 events", "PASS  12 passed, 0 failed\n"}, ""},
		"key in a file":           {[]string{name, "--key", "@" + keyFile}, []string{"PASS  12 passed, 0 failed\n"}, ""},
		"foreign key":             {[]string{name, "--key", foreign}, []string{"FAIL  checkpoint: signed by desk.example.com+", "PASS  zip: "}, "checks failed"},
		"no key":                  {[]string{name}, nil, `printed by "canceldesk evidence key"`},
		"key file missing":        {[]string{name, "--key", "@" + keyFile + "x"}, nil, "read --key"},
		"malformed key":           {[]string{name, "--key", "abc"}, nil, "malformed"},
		"bundle missing":          {[]string{name + "x", "--key", key}, nil, "open bundle"},
		"not a bundle":            {[]string{keyFile, "--key", key}, nil, "not a valid zip file"},
		"no bundle named":         {[]string{"--key", key}, nil, "accepts 1 arg"},
	}
	for label, tt := range tests {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			out, err := runVerify(tt.args...)
			for _, want := range tt.out {
				if !strings.Contains(out, want) {
					t.Errorf("output:\n%s\nwant in it: %s", out, want)
				}
			}
			switch {
			case tt.wantErr == "" && err != nil:
				t.Error(err)
			case tt.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tt.wantErr)):
				t.Errorf("error %v, want %q", err, tt.wantErr)
			}
		})
	}
}
