package dovecottest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestProcessIsReadWhateverItsName(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]stat{
		"12 (imap) S 3 4 5 0 -1":        {pid: 12, parent: 3, group: 4, name: "imap"},
		"12 (imap) Z 3 4 5 0 -1":        {pid: 12, parent: 3, group: 4, name: "imap", dead: true},
		"7 (a (b) c) d) R 1 7 7 0 -1\n": {pid: 7, parent: 1, group: 7, name: "a (b) c) d"},
	} {
		got, err := parseStat(line)
		if err != nil {
			t.Errorf("%q: %v", line, err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(stat{})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", line, diff)
		}
	}
	for _, line := range []string{"", "12 imap S 3 4", "12 (imap) S 3", "x (imap) S 3 4", "12 (imap) S x 4", "12 (imap) S 3 x"} {
		if got, err := parseStat(line); err == nil {
			t.Errorf("%q is read as %+v, want an error", line, got)
		}
	}
}
