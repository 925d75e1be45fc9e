package evidence_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/canceldesk/canceldesk/tickets/evidence"
)

// TestExportRefusesWhatWouldNotVerify breaks each input of an export.
func TestExportRefusesWhatWouldNotVerify(t *testing.T) {
	t.Parallel()
	file := func(name string) evidence.File { return evidence.Bytes(name, []byte("x")) }
	prepare := map[string]struct {
		change func(*evidence.Contents)
		want   string
	}{
		"no events":           {func(c *evidence.Contents) { c.Events = nil }, "no events"},
		"gap":                 {func(c *evidence.Contents) { c.Events = slices.Delete(slices.Clone(c.Events), 2, 3) }, "stands where 3 should be"},
		"line not canonical":  {func(c *evidence.Contents) { c.Events = []evidence.Logged{{Line: []byte("{}")}} }, "parse event"},
		"unsafe file name":    {func(c *evidence.Contents) { c.Files = append(c.Files, file("../x")) }, "unsafe file name"},
		"file twice":          {func(c *evidence.Contents) { c.Files = append(c.Files, file("Quote.json")) }, "file name quote.json is taken"},
		"name of the desk's":  {func(c *evidence.Contents) { c.Files = append(c.Files, file("Manifest.json")) }, "file name Manifest.json is taken"},
		"foreign private":     {func(c *evidence.Contents) { c.Private[1].Name = "phone" }, "no event holds a commitment"},
		"wrong private":       {func(c *evidence.Contents) { c.Private[1].Value = "x" }, "is not what the event committed to"},
		"wrong raw mail":      {func(c *evidence.Contents) { c.Files[0] = file("messages/1.eml") }, "messages/1.eml is not what CD-000001/2 raw committed to"},
		"raw mail left out":   {func(c *evidence.Contents) { c.Files = c.Files[1:] }, "names file messages/1.eml, which is not in the bundle"},
		"private value twice": {func(c *evidence.Contents) { c.Private = append(c.Private, c.Private[1]) }, "is given twice"},
		"word and file":       {func(c *evidence.Contents) { c.Private[0].Value = "x" }, "either in words or as a file"},
		"unreadable file": {func(c *evidence.Contents) {
			c.Files[0].Open = func() (io.ReadCloser, error) { return nil, errors.New("gone") }
		}, "file messages/1.eml: open: gone"},
	}
	for name, tt := range prepare {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := setup(t).contents
			tt.change(&c)
			if _, err := evidence.PrepareHead(c, &counter{}, start()); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
	write := map[string]struct {
		change func(*desk, *evidence.Bundle)
		want   string
	}{
		"malformed key":      {func(_ *desk, b *evidence.Bundle) { b.VerifierKey = "x" }, "read verifier key"},
		"unsigned":           {func(_ *desk, b *evidence.Bundle) { b.Checkpoint = []byte("x\n") }, "checkpoint: not a signed note"},
		"head elsewhere":     {func(d *desk, b *evidence.Bundle) { d.add(t, []byte("x")); b.HeadIndex++ }, "invalid inputs"},
		"head before events": {func(_ *desk, b *evidence.Bundle) { b.HeadIndex = 3 }, "was logged after the head"},
		"checkpoint too old": {func(d *desk, b *evidence.Bundle) { b.Checkpoint = setup(t).checkpoint(t, d.signerKey) }, "prove leaf 14 of 14"},
		"damaged tree":       {func(d *desk, _ *evidence.Bundle) { d.hashes[tlog.StoredHashIndex(0, 1)] = tlog.Hash{1} }, "event CD-000001/1 is not in the log at 0"},
		"no store":           {func(_ *desk, b *evidence.Bundle) { b.Hashes = &memory{} }, "read tree hashes"},
	}
	for name, tt := range write {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := setup(t)
			b := d.prepare(t, d.contents)
			tt.change(d, &b)
			if err := evidence.WriteBundle(io.Discard, b); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

func TestExportNoticesAFileThatChangesMeanwhile(t *testing.T) {
	t.Parallel()
	d := setup(t)
	content := "first"
	d.contents.Files = append(d.contents.Files, evidence.File{Name: "channel/2.json", Open: func() (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(content)), nil
	}})
	b := d.prepare(t, d.contents)
	content = "second"
	if err := evidence.WriteBundle(io.Discard, b); err == nil || !strings.Contains(err.Error(), "file channel/2.json changed since the head was prepared") {
		t.Errorf("error %v", err)
	}
}

func TestExportReadsTheTreeOnce(t *testing.T) {
	t.Parallel()
	d := setup(t)
	b := d.prepare(t, d.contents)
	d.calls = 0
	var out bytes.Buffer
	if err := evidence.WriteBundle(&out, b); err != nil {
		t.Fatal(err)
	}
	if d.calls != 1 {
		t.Errorf("%d reads of the tree, want 1", d.calls)
	}
}

// FuzzVerify wants an answer, never a crash, and never a pass for anything
// but the contents as they were written.
func FuzzVerify(f *testing.F) {
	d := setup(f)
	bundle := d.export(f, d.contents)
	pristine := map[string]string{}
	for _, e := range unpack(f, bundle) {
		pristine[e.name] = string(e.content)
	}
	f.Add(bundle)
	f.Add(pack(f, unpack(f, bundle)))
	f.Fuzz(func(t *testing.T, data []byte) {
		report, err := evidence.Verify(bytes.NewReader(data), int64(len(data)), d.verifierKey)
		if err != nil || !report.OK() {
			return
		}
		for _, e := range unpack(t, data) {
			if !strings.HasSuffix(e.name, "/") && pristine[e.name] != string(e.content) {
				t.Errorf("%s passes although it was changed", e.name)
			}
		}
	})
}
