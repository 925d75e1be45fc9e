package evidence

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"testing"
)

// bomb is a zip of one file that unpacks to size bytes and declares declared.
func bomb(t *testing.T, name string, size int, declared uint32) []byte {
	t.Helper()
	var out bytes.Buffer
	zw := zip.NewWriter(&out)
	w, err := zw.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(w, zeroes{}, int64(size)); err != nil {
		t.Fatal(err)
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	b := out.Bytes()
	directory := bytes.LastIndex(b, []byte(directorySignature))
	binary.LittleEndian.PutUint32(b[directory+24:], declared)
	return b
}

type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestUnpackingIsBounded(t *testing.T) {
	t.Parallel()
	_, key, err := GenerateKey(zeroes{}, "desk")
	if err != nil {
		t.Fatal(err)
	}
	lim := limits{entries: 10, meta: 1000, file: 5000, total: 8000}
	tests := map[string]struct {
		bundle []byte
		want   string
	}{
		"a file too large":       {bomb(t, "messages/1.eml", 6000, 6000), `zip entry "messages/1.eml": oversize: unpacks to 6000 bytes, at most 5000 are read`},
		"a list too large":       {bomb(t, eventsName, 2000, 2000), "events events.jsonl is oversize: 2000 bytes, at most 1000 are read"},
		"a proof too large":      {bomb(t, proofsName, 2000, 2000), "proofs proofs.json is oversize"},
		"a checkpoint too large": {bomb(t, checkpointName, 2000, 2000), "checkpoint checkpoint.txt is oversize"},
		"more than declared":     {bomb(t, manifestName, 1<<20, 10), "manifest manifest.json: zip: not a valid zip file"},
		"less than declared":     {bomb(t, manifestName, 10, 20), "manifest manifest.json: "},
		"a list of nothing":      {bomb(t, eventsName, 900, 900), "event in line 1"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report, err := verify(bytes.NewReader(tt.bundle), int64(len(tt.bundle)), key, lim)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, item := range report.Items {
				if !item.OK {
					got = append(got, item.Name+" "+item.Detail)
				}
			}
			if !strings.Contains(strings.Join(got, "\n"), tt.want) {
				t.Errorf("faults:\n%s\nwant among them: %s", strings.Join(got, "\n"), tt.want)
			}
		})
	}
	many := bomb(t, "a", 1, 1)
	if _, err := verify(bytes.NewReader(many), int64(len(many)), key, limits{}); err == nil || !strings.Contains(err.Error(), "more than 0 entries") {
		t.Errorf("too many entries: %v", err)
	}
}

func TestManyFilesTogetherAreBounded(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	zw := zip.NewWriter(&out)
	for _, name := range []string{"a", "b", "c"} {
		w, err := zw.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.CopyN(w, zeroes{}, 4000); err != nil {
			t.Fatal(err)
		}
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	box, wrong, err := openContainer(bytes.NewReader(out.Bytes()), int64(out.Len()), limits{entries: 10, meta: 1000, file: 5000, total: 8000})
	if err != nil {
		t.Fatal(err)
	}
	if len(box.names) != 2 || len(wrong) != 1 || !strings.Contains(wrong[0], `entry "c": oversize: all files unpack to more than 8000 bytes`) {
		t.Errorf("kept %v, complained %v", box.names, wrong)
	}
}

func TestExportKeepsToWhatIsVerified(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		file string
		size int64
		ok   bool
	}{
		"ordinary":       {"messages/1.eml", 4000, true},
		"large file":     {"messages/1.eml", 6000, false},
		"large list":     {eventsName, 2000, false},
		"large manifest": {manifestName, 2000, false},
	} {
		lim := limits{entries: 1, meta: 1000, file: 5000, total: 8000}
		if err := lim.take(tt.file, tt.size); (err == nil) != tt.ok {
			t.Errorf("%s: %v", name, err)
		}
		if err := lim.take("messages/2.eml", 1); err == nil {
			t.Errorf("%s: a file too many was taken", name)
		}
	}
}

func TestFaultsAreListedUpToAThousand(t *testing.T) {
	t.Parallel()
	var r Report
	for range 5000 {
		r.fail("x\x1b[2J", "line\nbreak")
	}
	if len(r.Items) != maxFaults || r.Failed() != 5000 || r.OK() {
		t.Errorf("%d items, %d failed", len(r.Items), r.Failed())
	}
	if want := (Item{Name: "x?[2J", Detail: "line?break"}); r.Items[0] != want {
		t.Errorf("item %+v", r.Items[0])
	}
}
