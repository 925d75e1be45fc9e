package evidence_test

import (
	"archive/zip"
	"bytes"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/canceldesk/canceldesk/tickets/evidence"
)

// TestEveryByteCounts flips one byte at many places of every file and wants
// each to be noticed.
func TestEveryByteCounts(t *testing.T) {
	t.Parallel()
	d := setup(t)
	b := d.prepare(t, d.contents)
	b.Earlier = setup(t).checkpoint(t, d.signerKey)
	entries := unpack(t, write(t, b))
	if report := verify(t, pack(t, entries), d.verifierKey); !report.OK() {
		t.Fatalf("pristine bundle:\n%s", faults(report))
	}
	for i, e := range entries {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			step := max(1, len(e.content)/150)
			for pos := 0; pos < len(e.content); pos += step {
				for _, mask := range []byte{0x01, 0x20, 0x80} {
					forged := slices.Clone(entries)
					forged[i].content = bytes.Clone(e.content)
					forged[i].content[pos] ^= mask
					if report := verify(t, pack(t, forged), d.verifierKey); report.OK() {
						t.Errorf("byte %d xor %#x was not noticed", pos, mask)
					}
				}
			}
		})
	}
}

func TestFilesCannotBeAddedRemovedOrExchanged(t *testing.T) {
	t.Parallel()
	d := setup(t)
	entries := unpack(t, d.export(t, d.contents))
	for _, gone := range entries {
		left := slices.DeleteFunc(slices.Clone(entries), func(e entry) bool { return e.name == gone.name })
		got := faults(verify(t, pack(t, left), d.verifierKey))
		if !strings.Contains(got, gone.name+" is missing") && !strings.Contains(got, "file "+gone.name+": is missing") {
			t.Errorf("%s was removed; faults:\n%s", gone.name, got)
		}
	}
	added := append(slices.Clone(entries), entry{"messages/2.eml", []byte("x")})
	if got := faults(verify(t, pack(t, added), d.verifierKey)); !strings.HasPrefix(got, "file messages/2.eml: was added: the logged head does not name it") {
		t.Errorf("a file was added; faults:\n%s", got)
	}
	find := func(name string) []byte {
		return entries[slices.IndexFunc(entries, func(e entry) bool { return e.name == name })].content
	}
	swapped := edit(entries, "summary.zh.html", func([]byte) []byte { return find("summary.en.html") })
	swapped = edit(swapped, "summary.en.html", func([]byte) []byte { return find("summary.zh.html") })
	got := faults(verify(t, pack(t, swapped), d.verifierKey))
	for _, name := range []string{"summary.zh.html", "summary.en.html"} {
		if !strings.Contains(got, "file "+name+": was changed or swapped") {
			t.Errorf("two files were exchanged; faults:\n%s", got)
		}
	}
}

func TestForeignKeyFails(t *testing.T) {
	t.Parallel()
	d := setup(t)
	bundle := d.export(t, d.contents)
	for name, label := range map[string]string{"another name": "evil.example.com/evidence", "the same name": "desk.example.com/evidence"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			signer, key, err := evidence.GenerateKey(&counter{seed: "foreign"}, label)
			if err != nil {
				t.Fatal(err)
			}
			got := faults(verify(t, bundle, key))
			if !strings.Contains(got, "checkpoint: signed by desk.example.com/evidence+") || !strings.Contains(got, "keys: keys.txt names another key") {
				t.Errorf("checked with another key; faults:\n%s", got)
			}
			// The forger signs the whole with a key of his own and encloses it.
			forger := setup(t)
			forger.signerKey, forger.verifierKey = signer, key
			if report := verify(t, forger.export(t, forger.contents), key); !report.OK() {
				t.Fatalf("his own key:\n%s", faults(report))
			}
			if got := faults(verify(t, forger.export(t, forger.contents), d.verifierKey)); !strings.Contains(got, "not by the key given") {
				t.Errorf("a key in the bundle was trusted; faults:\n%s", got)
			}
		})
	}
}

func TestMalformedKeyOrFileIsAnError(t *testing.T) {
	t.Parallel()
	d := setup(t)
	bundle := d.export(t, d.contents)
	if _, err := evidence.Verify(bytes.NewReader(bundle), int64(len(bundle)), "no key"); err == nil {
		t.Error("a malformed key was taken")
	}
	cut := bundle[:len(bundle)/2]
	if _, err := evidence.Verify(bytes.NewReader(cut), int64(len(cut)), d.verifierKey); err == nil {
		t.Error("half a zip was taken")
	}
}

// TestOldCheckpointDoesNotProveNewEvents takes an authentic checkpoint from
// before the export.
func TestOldCheckpointDoesNotProveNewEvents(t *testing.T) {
	t.Parallel()
	d := setup(t)
	old := d.checkpoint(t, d.signerKey)
	entries := edit(unpack(t, d.export(t, d.contents)), "checkpoint.txt", func([]byte) []byte { return old })
	if got := faults(verify(t, pack(t, entries), d.verifierKey)); !strings.Contains(got, "head: leaf 14 is not in a log of 14: the checkpoint is too old") {
		t.Errorf("faults:\n%s", got)
	}
}

func TestContainerTricksAreNamed(t *testing.T) {
	t.Parallel()
	d := setup(t)
	bundle := d.export(t, d.contents)
	entries := unpack(t, bundle)
	plus := func(more ...zip.FileHeader) []byte {
		var out bytes.Buffer
		zw := zip.NewWriter(&out)
		var headers []zip.FileHeader
		for _, e := range entries {
			headers = append(headers, zip.FileHeader{Name: e.name})
		}
		for i, h := range append(headers, more...) {
			w, err := zw.CreateHeader(&h)
			if err != nil {
				t.Fatal(err)
			}
			if i >= len(entries) {
				i = 0
			}
			if strings.HasSuffix(h.Name, "/") {
				continue
			}
			if _, err := w.Write(entries[i].content); err != nil {
				t.Fatal(err)
			}
		}
		if err := zw.Close(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	link := zip.FileHeader{Name: "messages/link"}
	link.SetMode(fs.ModeSymlink | 0o777)
	commented := zip.FileHeader{Name: "messages/9.eml", Comment: "read me"}
	tests := map[string]struct {
		bundle []byte
		want   string
	}{
		"same name twice":       {plus(zip.FileHeader{Name: "quote.json"}), `zip: entry "quote.json": name is there twice`},
		"same name folded":      {plus(zip.FileHeader{Name: "Quote.JSON"}), `zip: entry "Quote.JSON": name is there twice`},
		"parent folder":         {plus(zip.FileHeader{Name: "../evil"}), `zip: entry "../evil": unsafe file name`},
		"inner parent folder":   {plus(zip.FileHeader{Name: "messages/../../evil"}), `unsafe file name`},
		"absolute path":         {plus(zip.FileHeader{Name: "/etc/evil"}), `zip: entry "/etc/evil": unsafe file name`},
		"backslash":             {plus(zip.FileHeader{Name: `messages\evil`}), `unsafe file name`},
		"drive":                 {plus(zip.FileHeader{Name: `C:evil`}), `unsafe file name`},
		"device":                {plus(zip.FileHeader{Name: `messages/nul.eml`}), `unsafe file name`},
		"hidden file":           {plus(zip.FileHeader{Name: `.profile`}), `unsafe file name`},
		"line break in name":    {plus(zip.FileHeader{Name: "a\nPASS  all"}), `unsafe file name`},
		"symbolic link":         {plus(link), `zip: entry "messages/link": neither a file nor a folder`},
		"comment on entry":      {plus(commented), `zip: entry "messages/9.eml": carries a comment`},
		"bytes before":          {append([]byte("#!/bin/sh\n"), bundle...), "hidden bytes before it"},
		"other name in header":  {bytes.Replace(bundle, []byte("quote.jsonUT"), []byte("quota.jsonUT"), 1), "a header that contradicts the directory"},
		"encrypted entry":       {raw(t, zip.FileHeader{Name: "a", Flags: 1}), `zip: entry "a": encrypted`},
		"unknown compression":   {raw(t, zip.FileHeader{Name: "a", Method: 12}), `zip: entry "a": unknown compression 12`},
		"folder with content":   {bytes.ReplaceAll(raw(t, zip.FileHeader{Name: "messagesX"}), []byte("sX"), []byte("s/")), `zip: entry "messages/": a folder with content`},
		"comment on the zip":    {raw(t, zip.FileHeader{Name: "a", Comment: "hello"}), `zip: the zip carries a comment`},
		"wrong check sum":       {raw(t, zip.FileHeader{Name: "quote.json"}), `file quote.json: `},
		"entry not in the list": {hide(t, entries), "hidden bytes"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := faults(verify(t, tt.bundle, d.verifierKey)); !strings.Contains(got, tt.want) {
				t.Errorf("faults:\n%s\nwant among them: %s", got, tt.want)
			}
		})
	}
}

// raw makes a zip of one entry whose header says what it likes.
func raw(t *testing.T, h zip.FileHeader) []byte {
	t.Helper()
	var out bytes.Buffer
	zw := zip.NewWriter(&out)
	h.CompressedSize64, h.UncompressedSize64 = 4, 4
	w, err := zw.CreateRaw(&h)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("data")); err != nil {
		t.Fatal(err)
	}
	if err := zw.SetComment(h.Comment); err != nil {
		t.Fatal(err)
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// hide makes a zip with an entry that only a front-to-back reader sees: it
// takes one name out of the directory.
func hide(t *testing.T, entries []entry) []byte {
	t.Helper()
	whole := pack(t, append(slices.Clone(entries), entry{"zz.eml", []byte("hidden")}))
	start := bytes.LastIndex(whole, []byte("PK\x01\x02"))
	end := bytes.LastIndex(whole, []byte("PK\x05\x06"))
	tail := bytes.Clone(whole[end:])
	count := byte(len(entries))
	tail[8], tail[10] = count, count
	size := start - bytes.Index(whole, []byte("PK\x01\x02"))
	tail[12], tail[13] = byte(size), byte(size>>8)
	return append(bytes.Clone(whole[:start]), tail...)
}
