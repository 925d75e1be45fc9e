package mailin

import (
	"os"
	"path/filepath"
	"testing"
)

// BenchmarkParse measures Parse and Fingerprint together over the mails of
// the folder CANCELDESK_BENCH names, or over this package's own test mails.
func BenchmarkParse(b *testing.B) {
	dir := os.Getenv("CANCELDESK_BENCH")
	if dir == "" {
		dir = "testdata"
	}
	paths, err := filepath.Glob(filepath.Join(dir, "*.eml"))
	if err != nil || len(paths) == 0 {
		b.Fatalf("no mails in %s: %v", dir, err)
	}
	var mails [][]byte
	var size int64
	for _, p := range paths {
		raw, err := os.ReadFile(p)
		if err != nil {
			b.Fatal(err)
		}
		mails = append(mails, raw)
		size += int64(len(raw))
	}
	b.SetBytes(size / int64(len(mails)))
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		raw := mails[i%len(mails)]
		if Fingerprint(raw) == [32]byte{} || Parse(raw, Options{}).Kind == "" {
			b.Fatal("a mail came out empty")
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "mails/s")
}
