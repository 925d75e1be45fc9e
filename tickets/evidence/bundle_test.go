package evidence_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/canceldesk/canceldesk/tickets/evidence"
)

// counter is a deterministic source of bytes for keys and salts.
type counter struct {
	seed string
	n    uint64
	rest []byte
}

func (c *counter) Read(p []byte) (int, error) {
	for i := range p {
		if len(c.rest) == 0 {
			c.n++
			sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(c.seed), c.n))
			c.rest = sum[:]
		}
		p[i], c.rest = c.rest[0], c.rest[1:]
	}
	return len(p), nil
}

// memory is a store of tree hashes that counts how it is read.
type memory struct {
	hashes []tlog.Hash
	size   int64
	calls  int
	reads  int
}

func (m *memory) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	m.calls++
	m.reads += len(indexes)
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index >= int64(len(m.hashes)) {
			return nil, fmt.Errorf("no hash %d", index)
		}
		out[i] = m.hashes[index]
	}
	return out, nil
}

func (m *memory) log(t testing.TB) evidence.Log {
	t.Helper()
	l, err := evidence.NewLog(m.size, m)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// add appends leaves and returns the index of the first.
func (m *memory) add(t testing.TB, leaves ...[]byte) int64 {
	t.Helper()
	a, err := m.log(t).Append(leaves...)
	if err != nil {
		t.Fatal(err)
	}
	if a.At != int64(len(m.hashes)) {
		t.Fatalf("hashes go to %d, want %d", a.At, len(m.hashes))
	}
	m.hashes, m.size = append(m.hashes, a.Hashes...), a.Size
	return a.First
}

func (m *memory) checkpoint(t testing.TB, signerKey string) []byte {
	t.Helper()
	root, err := m.log(t).Root()
	if err != nil {
		t.Fatal(err)
	}
	signer, err := evidence.NewSigner(signerKey)
	if err != nil {
		t.Fatal(err)
	}
	msg, err := evidence.SignCheckpoint(evidence.Checkpoint{Origin: signer.Name(), Size: m.size, Root: root}, signer)
	if err != nil {
		t.Fatal(err)
	}
	return msg
}

// desk is a small evidence store with two tickets whose events lie mixed in
// the log, and all that an export of the first needs.
type desk struct {
	memory
	signerKey, verifierKey string
	events                 map[string][]evidence.Logged
	contents               evidence.Contents
	rawSalt                [32]byte
}

const rawMail = "From: lin@example.com\r\nSubject: =?utf-8?q?stop?=\r\n\r\n请帮我关闭自动续费\r\n"

func start() time.Time {
	return time.Date(2026, 4, 1, 9, 30, 0, 123456000, time.FixedZone("", 8*3600))
}

// exported is when the export is made.
func exported() time.Time { return start().Add(time.Hour) }

func setup(t testing.TB) *desk {
	t.Helper()
	d := &desk{events: map[string][]evidence.Logged{}, rawSalt: [32]byte{7}}
	var err error
	if d.signerKey, d.verifierKey, err = evidence.GenerateKey(&counter{seed: "key"}, "desk.example.com/evidence"); err != nil {
		t.Fatal(err)
	}
	types := []string{"ticket.opened", "message.received", "understanding", "cancel.about_to", "cancel.result", "quote.made", "notify.result"}
	for i, typ := range types {
		for _, stream := range []string{"CD-000001", "CD-000002"} {
			e := evidence.Event{Stream: stream, At: start().Add(time.Duration(i) * time.Minute), Type: typ, Actor: "desk", Data: map[string]any{"step": i, "amount_fen": int64(1500), "words": "退订 \"A\"\n"}}
			if typ == "message.received" {
				e.Private = map[string]string{
					"raw":  evidence.Commit(d.rawSalt, []byte(rawMail)),
					"from": evidence.Commit([32]byte{8}, []byte("lin@example.com")),
				}
			}
			d.log(t, e)
		}
	}
	d.contents = evidence.Contents{
		Events: d.events["CD-000001"],
		Private: []evidence.Private{
			{Stream: "CD-000001", N: 2, Name: "raw", Salt: d.rawSalt, File: "messages/1.eml"},
			{Stream: "CD-000001", N: 2, Name: "from", Salt: [32]byte{8}, Value: "lin@example.com"},
		},
		Files: []evidence.File{
			evidence.Bytes("messages/1.eml", []byte(rawMail)),
			evidence.Bytes("channel/1-request.json", []byte(`{"contract_id":"C1"}`)),
			evidence.Bytes("quote.json", []byte(`{"refund_fen":1500}`)),
			evidence.Bytes("confirmation.eml", []byte("Subject: 已关闭\r\n\r\n已关闭\r\n")),
			evidence.Bytes("summary.zh.html", []byte("<!doctype html><p>关闭")),
			evidence.Bytes("summary.en.html", []byte("<!doctype html><p>off")),
		},
	}
	return d
}

// log adds an event to its stream and to the log.
func (d *desk) log(t testing.TB, e evidence.Event) {
	t.Helper()
	stream := d.events[e.Stream]
	e.N = int64(len(stream)) + 1
	if e.N > 1 {
		e.Prev = evidence.Hash(stream[e.N-2].Line)
	}
	line, err := e.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	d.events[e.Stream] = append(stream, evidence.Logged{Index: d.add(t, line), Line: line})
}

// prepare logs the head of an export.
func (d *desk) prepare(t testing.TB, c evidence.Contents) evidence.Bundle {
	t.Helper()
	draft, err := evidence.PrepareHead(c, &counter{seed: "salt"}, exported())
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := draft.Head.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	index := d.add(t, leaf)
	return evidence.Bundle{Draft: draft, HeadIndex: index, Checkpoint: d.checkpoint(t, d.signerKey), VerifierKey: d.verifierKey, Hashes: d}
}

func (d *desk) export(t testing.TB, c evidence.Contents) []byte {
	t.Helper()
	return write(t, d.prepare(t, c))
}

func write(t testing.TB, b evidence.Bundle) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := evidence.WriteBundle(&out, b); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// entry is a file of a zip as a forger handles it.
type entry struct {
	name    string
	content []byte
}

func unpack(t testing.TB, bundle []byte) []entry {
	t.Helper()
	zr, err := zip.NewReader(bytes.NewReader(bundle), int64(len(bundle)))
	if err != nil {
		t.Fatal(err)
	}
	var entries []entry
	for _, f := range zr.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, entry{f.Name, content})
	}
	return entries
}

// pack writes a zip as the desk does: a forger knows how.
func pack(t testing.TB, entries []entry) []byte {
	t.Helper()
	var out bytes.Buffer
	zw := zip.NewWriter(&out)
	for _, e := range entries {
		w, err := zw.CreateHeader(&zip.FileHeader{Name: e.name, Method: zip.Store, Modified: exported().Truncate(time.Second)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(e.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// edit replaces the content of one entry.
func edit(entries []entry, name string, change func([]byte) []byte) []entry {
	var out []entry
	for _, e := range entries {
		if e.name == name {
			e.content = change(bytes.Clone(e.content))
		}
		out = append(out, e)
	}
	return out
}

func verify(t testing.TB, bundle []byte, key string) evidence.Report {
	t.Helper()
	report, err := evidence.Verify(bytes.NewReader(bundle), int64(len(bundle)), key)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// faults lists what failed, one "name: detail" a line.
func faults(r evidence.Report) string {
	var out []string
	for _, item := range r.Items {
		if !item.OK {
			out = append(out, item.Name+": "+item.Detail)
		}
	}
	return strings.Join(out, "\n")
}
