package evidence_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/tickets/evidence"
)

func TestPristineBundlePasses(t *testing.T) {
	t.Parallel()
	d := setup(t)
	report := verify(t, d.export(t, d.contents), d.verifierKey)
	if !report.OK() {
		t.Fatalf("faults:\n%s", faults(report))
	}
	var names []string
	for _, item := range report.Items {
		names = append(names, item.Name)
	}
	want := []string{
		"zip", "checkpoint", "keys", "proofs", "head", "manifest", "events CD-000001", "private values",
		"file proofs.json", "file checkpoint.txt", "file keys.txt", "file events.jsonl", "file private.jsonl",
		"file channel/1-request.json", "file confirmation.eml", "file messages/1.eml", "file quote.json", "file summary.en.html", "file summary.zh.html",
		"container",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
}

func TestEqualExportsAreEqualBytes(t *testing.T) {
	t.Parallel()
	a, b := setup(t), setup(t)
	if !bytes.Equal(a.export(t, a.contents), b.export(t, b.contents)) {
		t.Error("two writings of one export differ")
	}
}

func TestBundleOfSeveralStreams(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.contents.Events = append(slices.Clone(d.events["CD-000001"]), d.events["CD-000002"]...)
	bundle := d.export(t, d.contents)
	if report := verify(t, bundle, d.verifierKey); !report.OK() {
		t.Fatalf("faults:\n%s", faults(report))
	}
	without := edit(unpack(t, bundle), "events.jsonl", func(c []byte) []byte {
		before, _, _ := bytes.Cut(c, d.events["CD-000002"][0].Line)
		return before
	})
	if got := faults(verify(t, pack(t, without), d.verifierKey)); !strings.Contains(got, "event CD-000002/1: is missing, and all up to 7") {
		t.Errorf("a whole stream was dropped; faults:\n%s", got)
	}
}

func TestBundleProvesThatLogOnlyGrew(t *testing.T) {
	t.Parallel()
	d := setup(t)
	earlier := d.checkpoint(t, d.signerKey)
	b := d.prepare(t, d.contents)
	b.Earlier = earlier
	report := verify(t, write(t, b), d.verifierKey)
	if !report.OK() {
		t.Fatalf("faults:\n%s", faults(report))
	}
	if !slices.Contains(report.Items, evidence.Item{Name: "earlier checkpoint", OK: true, Detail: "the log of 14 leaves only grew since"}) {
		t.Errorf("no such item in %v", report.Items)
	}

	forked := setup(t)
	forked.memory = memory{}
	forked.add(t, []byte("another history"), []byte("of two leaves"))
	b.Earlier = forked.checkpoint(t, d.signerKey)
	var out bytes.Buffer
	if err := evidence.WriteBundle(&out, b); err == nil || !strings.Contains(err.Error(), "does not extend the earlier checkpoint") {
		t.Errorf("a forked log was exported: %v", err)
	}
}

// TestTamperingIsNamed changes a bundle in every way a forger might and wants
// the report to say what was done to what.
func TestTamperingIsNamed(t *testing.T) {
	t.Parallel()
	replace := func(old, with string) func([]byte) []byte {
		return func(c []byte) []byte {
			if !bytes.Contains(c, []byte(old)) {
				t.Errorf("%q is not in the file", old)
			}
			return bytes.Replace(c, []byte(old), []byte(with), 1)
		}
	}
	lines := func(change func([][]byte) [][]byte) func([]byte) []byte {
		return func(c []byte) []byte { return bytes.Join(change(slices.Collect(bytes.Lines(c))), nil) }
	}
	tests := map[string]struct {
		file   string
		change func([]byte) []byte
		want   string
	}{
		"edited field": {"events.jsonl", replace(`1500`, `1600`), "event CD-000001/1: is not what was logged"},
		"edited last event": {"events.jsonl", lines(func(l [][]byte) [][]byte {
			l[6] = bytes.Replace(l[6], []byte("1500"), []byte("9900"), 1)
			return l
		}), "event CD-000001/7: is not the last event the logged head names"},
		"event spelled otherwise": {"events.jsonl", replace(`"n":3`, `"n": 3`), "event in line 3: parse event: not in canonical form"},
		"dropped first event":     {"events.jsonl", lines(func(l [][]byte) [][]byte { return l[1:] }), "event CD-000001/1: is missing"},
		"dropped event":           {"events.jsonl", lines(func(l [][]byte) [][]byte { return slices.Delete(l, 3, 5) }), "event CD-000001/4: is missing, and all up to 5"},
		"dropped last event":      {"events.jsonl", lines(func(l [][]byte) [][]byte { return l[:6] }), "event CD-000001/7: is missing"},
		"dropped all events":      {"events.jsonl", func([]byte) []byte { return nil }, "event CD-000001/1: is missing, and all up to 7"},
		"repeated event":          {"events.jsonl", lines(func(l [][]byte) [][]byte { return append(l, l[2]) }), "event CD-000001/3: stands here a second time"},
		"reordered events": {"events.jsonl", lines(func(l [][]byte) [][]byte {
			l[2], l[3] = l[3], l[2]
			return l
		}), "event CD-000001/3: is out of order: it stands after CD-000001/4"},
		"added event": {"events.jsonl", lines(func(l [][]byte) [][]byte {
			e, err := evidence.ParseEvent(bytes.TrimSuffix(l[6], []byte("\n")))
			if err != nil {
				t.Fatal(err)
			}
			e.N, e.Prev = 8, evidence.Hash(bytes.TrimSuffix(l[6], []byte("\n")))
			added, err := e.Canonical()
			if err != nil {
				t.Fatal(err)
			}
			return append(l, append(added, '\n'))
		}), "event CD-000001/8: was added: the logged head ends at 7"},
		"event of another ticket": {"events.jsonl", lines(func(l [][]byte) [][]byte {
			return append(l, append(bytes.Clone(setup(t).events["CD-000002"][0].Line), '\n'))
		}), "events CD-000002: the logged head does not name this stream"},
		"cut last line":         {"events.jsonl", func(c []byte) []byte { return c[:len(c)-1] }, "event in line 7: the last line is cut"},
		"changed message":       {"messages/1.eml", replace("lin@", "wang@"), "file messages/1.eml: was changed or swapped"},
		"changed private value": {"private.jsonl", replace(`"lin@`, `"wang@`), "private values: private value CD-000001/2 from is not what the event committed to"},
		"changed private salt":  {"private.jsonl", replace(`"salt":"08`, `"salt":"09`), "private values: private value CD-000001/2 from is not what the event committed to"},
		"changed quote":         {"quote.json", replace("1500", "15000"), "file quote.json: was changed or swapped"},
		"emptied confirmation":  {"confirmation.eml", func([]byte) []byte { return nil }, "file confirmation.eml: was changed or swapped"},
		"truncated log":         {"checkpoint.txt", replace("\n15\n", "\n14\n"), "checkpoint: the signature does not match"},
		"truncated checkpoint":  {"checkpoint.txt", func(c []byte) []byte { return c[:len(c)/2] }, "checkpoint: not a signed note"},
		"emptied checkpoint":    {"checkpoint.txt", func([]byte) []byte { return nil }, "checkpoint: not a signed note"},
		"second signature":      {"checkpoint.txt", func(c []byte) []byte { return append(c, "— other AAAAAAAA\n"...) }, "checkpoint: more than one signature"},
		"altered head":          {"proofs.json", replace(`"count":7`, `"count":6`), "head: is not what was logged"},
		"altered index":         {"proofs.json", replace(`"index":0,"n":1`, `"index":1,"n":1`), "event CD-000001/1: is not what was logged"},
		"altered proof":         {"proofs.json", replace(`"proof":["`, `"proof":["00`), "proofs: proofs.json was changed"},
		"removed proof":         {"proofs.json", replace(`,"n":4,`, `,"n":14,`), "event CD-000001/4: has no proof that it was logged"},
		"altered salt":          {"manifest.json", replace(`"quote.json":{"salt":"`, `"quote.json":{"salt":"00`), "manifest: manifest.json was changed: file \"quote.json\": malformed salt"},
		"altered time":          {"manifest.json", replace(`T10:30:00`, `T10:31:00`), "manifest: time 2026-04-01T10:31:00.123456+08:00 is not that of the logged head"},
		"altered origin":        {"manifest.json", replace(`desk.example.com`, `desk.example.org`), "manifest: origin"},
		"altered stream":        {"manifest.json", replace(`["CD-000001"]`, `["CD-000002"]`), "manifest: the streams are not those of the logged head"},
		"another version":       {"manifest.json", replace(`"version":1`, `"version":2`), "manifest: manifest.json was changed: bundle version 2"},
		"altered key":           {"keys.txt", replace("desk", "disk"), "keys: keys.txt names another key than the one given"},
	}
	d := setup(t)
	entries := unpack(t, d.export(t, d.contents))
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := verify(t, pack(t, edit(entries, tt.file, tt.change)), d.verifierKey)
			if got := faults(report); !strings.Contains(got, tt.want) {
				t.Errorf("faults:\n%s\nwant among them: %s", got, tt.want)
			}
			if got := faults(report); tt.file != "manifest.json" && !strings.Contains(got, "file "+tt.file) {
				t.Errorf("file %s is not named:\n%s", tt.file, got)
			}
		})
	}
}
