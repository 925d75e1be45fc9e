package mailin

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestSizeOfQuotedPrintableIsThatOfItsContent: however the lines of a large attachment fall.
func TestSizeOfQuotedPrintableIsThatOfItsContent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		pieces := rapid.SliceOf(rapid.SampledFrom([]string{"=\r\n", "=3D", "a line \t\r\n", "\n", "=", "=4", "text ", "\r", "\x00\xff"})).Draw(t, "pieces")
		src := bytes.Repeat([]byte(strings.Join(pieces, "")), rapid.IntRange(1, 3000).Draw(t, "times"))
		if got, want := qpSize(src), int64(len(decodeQP(src))); got != want {
			t.Errorf("size is %d, want %d", got, want)
		}
	})
}
