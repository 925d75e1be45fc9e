package store_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/canceldesk/canceldesk/store"
	"github.com/canceldesk/canceldesk/tickets"
)

func TestBlobs(t *testing.T) {
	t.Parallel()
	for name, newURL := range map[string]func(t *testing.T) string{
		"file": func(t *testing.T) string { return "file://" + filepath.Join(t.TempDir(), "new", "blobs") },
		"mem":  func(*testing.T) string { return "mem://" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, err := store.OpenBlobs(t.Context(), newURL(t))
			must(t, err)
			t.Cleanup(func() { must(t, b.Close()) })
			read := func(t *testing.T, ref string) []byte {
				t.Helper()
				r, err := b.Open(t.Context(), ref)
				must(t, err)
				content, err := io.ReadAll(r)
				must(t, errors.Join(err, r.Close()))
				return content
			}
			t.Run("a batch shares one segment and each raw comes back", func(t *testing.T) {
				t.Parallel()
				raws := [][]byte{[]byte("one\r\n"), {}, bytes.Repeat([]byte{0, 255}, 100_000), []byte("last")}
				refs, err := b.KeepBatch(t.Context(), raws)
				must(t, err)
				segments := map[string]bool{}
				for i, ref := range refs {
					segment, _, _ := strings.Cut(ref, "#")
					segments[segment] = true
					if !bytes.Equal(read(t, ref), raws[i]) {
						t.Errorf("raw %d came back otherwise", i)
					}
				}
				if len(refs) != 4 || len(segments) != 1 {
					t.Errorf("%d references in %d segments, want 4 in 1", len(refs), len(segments))
				}
				none, err := b.KeepBatch(t.Context(), nil)
				if len(none) != 0 || err != nil {
					t.Errorf("nothing to keep gave %v, %v", none, err)
				}
			})
			t.Run("a big one is streamed", func(t *testing.T) {
				t.Parallel()
				content := strings.Repeat("recording ", 50_000)
				ref, n, err := b.Keep(t.Context(), iotest.OneByteReader(strings.NewReader(content)))
				must(t, err)
				if n != int64(len(content)) || string(read(t, ref)) != content {
					t.Errorf("%d bytes kept of %d, or others", n, len(content))
				}
			})
			t.Run("a reference of somebody's own making is NotFound", func(t *testing.T) {
				t.Parallel()
				for _, ref := range []string{"", "x", "../../etc/passwd#0+10", "..#0+1", "abc#0+1", "abc#-1+1", "abc#0+-1", "ABC#0+1", "a/b#0+1"} {
					_, err := b.Open(t.Context(), ref)
					wantKind(t, err, tickets.NotFound)
				}
			})
		})
	}
}

func TestBlobsLeaveNothingHalfWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b, err := store.OpenBlobs(t.Context(), "file://"+dir)
	must(t, err)
	broken := errors.New("the line broke")
	_, _, err = b.Keep(t.Context(), io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken)))
	wantKind(t, err, tickets.Unavailable)
	if !errors.Is(err, broken) {
		t.Errorf("got %v, want the cause in it", err)
	}
	tooLarge := &tickets.Error{Kind: tickets.TooLarge, Msg: "Too large."}
	_, _, err = b.Keep(t.Context(), io.MultiReader(strings.NewReader("half"), iotest.ErrReader(tooLarge)))
	wantKind(t, err, tickets.TooLarge)
	files, err := os.ReadDir(dir)
	must(t, err)
	if len(files) != 0 {
		t.Errorf("files left behind: %v", files)
	}
	must(t, b.Close())
}
