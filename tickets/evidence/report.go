package evidence

import (
	"strings"
	"unicode"
)

// maxFaults bounds the list of faults: a hostile file has as many as it has
// bytes, and the first thousand say enough.
const maxFaults = 1000

// Item is one thing that was checked.
type Item struct {
	// Name says what: zip, checkpoint, keys, proofs, head, manifest,
	// "events CD-000123", "event CD-000123/4", private values,
	// "file messages/1.eml" or container.
	Name string
	// OK tells whether it holds.
	OK bool
	// Detail says what was found, in one line of English.
	Detail string
}

// Report is the outcome of Verify, in the order of the checks.
type Report struct {
	Items []Item

	faults int
}

// OK tells whether everything that was checked holds.
func (r Report) OK() bool {
	return len(r.Items) > 0 && r.Failed() == 0
}

// Failed counts what does not hold, also where it is too much to be listed.
func (r Report) Failed() int {
	return r.faults
}

func (r *Report) pass(name, detail string) {
	r.Items = append(r.Items, Item{Name: printable(name), OK: true, Detail: printable(detail)})
}

func (r *Report) fail(name, detail string) {
	switch r.faults++; {
	case r.faults < maxFaults:
		r.Items = append(r.Items, Item{Name: printable(name), Detail: printable(detail)})
	case r.faults == maxFaults:
		r.Items = append(r.Items, Item{Name: "more", Detail: "further faults are not listed"})
	}
}

// printable keeps what comes from the file from breaking lines or steering a
// terminal, and from filling it.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, strings.ToValidUTF8(s, "?"))
	if runes := []rune(s); len(runes) > 400 {
		s = string(runes[:400]) + "…"
	}
	return s
}

// decide adds a pass with the detail, or a fail if err says so; it returns
// whether it passed.
func (r *Report) decide(name string, err error, detail string) bool {
	if err != nil {
		r.fail(name, err.Error())
		return false
	}
	r.pass(name, detail)
	return true
}
