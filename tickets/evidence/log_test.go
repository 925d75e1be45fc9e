package evidence_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/canceldesk/canceldesk/tickets/evidence"
)

func leaves(n int) [][]byte {
	var out [][]byte
	for i := range n {
		out = append(out, fmt.Appendf(nil, "leaf %d", i))
	}
	return out
}

// root is the definition of RFC 6962 section 2.1, written down naively, to
// compare the log with.
func root(leaves [][]byte) tlog.Hash {
	switch len(leaves) {
	case 0:
		h, err := tlog.TreeHash(0, nil)
		if err != nil {
			panic(err)
		}
		return h
	case 1:
		return tlog.RecordHash(leaves[0])
	}
	k := 1
	for k*2 < len(leaves) {
		k *= 2
	}
	return tlog.NodeHash(root(leaves[:k]), root(leaves[k:]))
}

func TestLogIsTheTreeOfRFC6962(t *testing.T) {
	t.Parallel()
	all := leaves(70)
	for size := range len(all) + 1 {
		var one, batch memory
		for _, leaf := range all[:size] {
			one.add(t, leaf)
		}
		batch.add(t, all[:size/3]...)
		batch.add(t, all[size/3:size]...)
		for name, m := range map[string]*memory{"one by one": &one, "in batches": &batch} {
			got, err := m.log(t).Root()
			if err != nil {
				t.Fatal(err)
			}
			if want := root(all[:size]); got != want {
				t.Errorf("%d leaves %s: root %v, want %v", size, name, got, want)
			}
		}
	}
}

func TestLogProvesEveryLeafAndEveryEarlierSize(t *testing.T) {
	t.Parallel()
	all := leaves(37)
	var m memory
	m.add(t, all...)
	log := m.log(t)
	for i, leaf := range all {
		proof, err := log.Inclusion(int64(i))
		if err != nil {
			t.Fatal(err)
		}
		if err := tlog.CheckRecord(proof, 37, root(all), int64(i), tlog.RecordHash(leaf)); err != nil {
			t.Errorf("leaf %d: %v", i, err)
		}
		extends, err := log.Consistency(int64(i) + 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := tlog.CheckTree(extends, 37, root(all), int64(i)+1, root(all[:i+1])); err != nil {
			t.Errorf("size %d: %v", i+1, err)
		}
	}
	for name, err := range map[string]error{
		"leaf beyond the end": second(log.Inclusion(37)),
		"negative leaf":       second(log.Inclusion(-1)),
		"later size":          second(log.Consistency(38)),
		"empty log":           second(log.Consistency(0)),
		"negative size":       second(evidence.NewLog(-1, &m)),
		"impossible size":     second(evidence.NewLog(1<<60, &m)),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestAppendReadsTheEdgeOfTheTreeOnce(t *testing.T) {
	t.Parallel()
	var m memory
	m.add(t, leaves(1023)...)
	m.calls, m.reads = 0, 0
	if _, err := m.log(t).Append(leaves(500)...); err != nil {
		t.Fatal(err)
	}
	if m.calls != 1 || m.reads != 10 {
		t.Errorf("%d calls read %d hashes, want 1 call and 10 hashes", m.calls, m.reads)
	}
	for range 1024 {
		m.add(t, []byte("one more"))
	}
	if m.calls != 513 || m.reads != 10+1023 {
		t.Errorf("1024 appends of one leaf: %d calls read %d hashes", m.calls-1, m.reads-10)
	}
}

func TestLogReportsABrokenStore(t *testing.T) {
	t.Parallel()
	short := tlog.HashReaderFunc(func([]int64) ([]tlog.Hash, error) { return nil, nil })
	log, err := evidence.NewLog(3, short)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := log.Append([]byte("x")); err == nil || !strings.Contains(err.Error(), "2 asked, 0 given") {
		t.Errorf("append: %v", err)
	}
	if _, err := log.Root(); err == nil {
		t.Error("root: no error")
	}
}

// BenchmarkAppend shows that an append costs the same in a large log.
func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{1e3, 1e6} {
		b.Run(fmt.Sprintf("%d_leaves", size), func(b *testing.B) {
			var m memory
			m.add(b, leaves(size)...)
			// The benchmark measures the log, not the growth of this slice.
			m.hashes = slices.Grow(m.hashes, 1<<20)
			m.reads = 0
			leaf := []byte(strings.Repeat("x", 400))
			for b.Loop() {
				m.add(b, leaf)
			}
			b.ReportMetric(float64(m.reads)/float64(b.N), "hashes_read/op")
		})
	}
}
