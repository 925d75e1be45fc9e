package evidence_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/canceldesk/canceldesk/tickets/evidence"
)

func TestRepackedBundleFails(t *testing.T) {
	t.Parallel()
	d := setup(t)
	entries := unpack(t, d.export(t, d.contents))
	reversed := slices.Clone(entries)
	slices.Reverse(reversed)
	var deflated bytes.Buffer
	zw := zip.NewWriter(&deflated)
	for _, e := range entries {
		w, err := zw.CreateHeader(&zip.FileHeader{Name: e.name, Method: zip.Deflate, Modified: exported()})
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
	for name, bundle := range map[string][]byte{
		"in another order": pack(t, reversed),
		"with a folder":    pack(t, append([]entry{{name: "messages/"}}, entries...)),
		"compressed":       deflated.Bytes(),
	} {
		if got := faults(verify(t, bundle, d.verifierKey)); !strings.HasPrefix(got, "container: the zip was changed or packed anew: byte ") {
			t.Errorf("packed anew %s; faults:\n%s", name, got)
		}
	}
	if report := verify(t, pack(t, entries), d.verifierKey); !report.OK() {
		t.Errorf("packed as the desk does; faults:\n%s", faults(report))
	}
}

// TestEveryByteOfTheZipCounts flips one bit of every byte of the zip, headers and directory included.
func TestEveryByteOfTheZipCounts(t *testing.T) {
	t.Parallel()
	d := setup(t)
	bundle := d.export(t, d.contents)
	for pos := range bundle {
		forged := bytes.Clone(bundle)
		forged[pos] ^= 1 << (pos % 8)
		report, err := evidence.Verify(bytes.NewReader(forged), int64(len(forged)), d.verifierKey)
		if err != nil {
			continue // not even a zip any more
		}
		got := faults(report)
		if !strings.Contains(got, "container: ") {
			t.Fatalf("byte %d of %d was flipped; faults:\n%s", pos, len(bundle), got)
		}
	}
	for name, forged := range map[string][]byte{
		"at the end":   append(bytes.Clone(bundle), 'x'),
		"at the start": append([]byte("x"), bundle...),
	} {
		report, err := evidence.Verify(bytes.NewReader(forged), int64(len(forged)), d.verifierKey)
		if err == nil && !strings.Contains(faults(report), "container: ") {
			t.Errorf("a byte was added %s; faults:\n%s", name, faults(report))
		}
	}
}

// TestBundleBytesStayAsTheyAre holds the form of the zip, because a bundle is compared with what the
// verifier's own writer makes of it: were this to change, older bundles would no longer pass.
func TestBundleBytesStayAsTheyAre(t *testing.T) {
	t.Parallel()
	d := setup(t)
	sum := sha256.Sum256(d.export(t, d.contents))
	const want = "fdbc2d556472e611052642334d1565311169b506ab117add4072025eece0d4a8"
	if got := hex.EncodeToString(sum[:]); got != want {
		t.Errorf("the bundle hashes to %s, want %s", got, want)
	}
}

func TestVerifyTellsWhatIsNotEnclosed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		keep func([]evidence.Private) []evidence.Private
		want string
	}{
		"all":  {func(p []evidence.Private) []evidence.Private { return p }, "2 of 2 enclosed and as committed"},
		"one":  {func(p []evidence.Private) []evidence.Private { return p[:1] }, "1 of 2 enclosed and as committed, 1 not enclosed (erased or withheld)"},
		"none": {func([]evidence.Private) []evidence.Private { return nil }, "0 of 2 enclosed and as committed, 2 not enclosed (erased or withheld)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := setup(t)
			d.contents.Private = tt.keep(d.contents.Private)
			report := verify(t, d.export(t, d.contents), d.verifierKey)
			if !report.OK() || !slices.Contains(report.Items, evidence.Item{Name: "private values", OK: true, Detail: tt.want}) {
				t.Errorf("items %+v", report.Items)
			}
		})
	}
}
