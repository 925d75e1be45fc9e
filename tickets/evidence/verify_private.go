package evidence

import (
	"fmt"
	"maps"
	"slices"
)

// checkPrivate reads the private values and compares those told in words;
// those told as files are compared when the files are read. It tells how many
// of the values the events commit to are enclosed: one that is not was erased,
// or withheld by whoever exported.
func (v *verification) checkPrivate() {
	committed := 0
	for _, e := range v.events {
		committed += len(e.Private)
	}
	const name = "private values"
	var values []Private
	if _, ok := v.box.files[privateName]; ok {
		content, err := v.box.read(privateName)
		if err != nil {
			v.report.fail(name, err.Error())
			return
		}
		if values, err = parsePrivate(content); err != nil {
			v.report.fail(name, fmt.Sprintf("%s was changed: %s", privateName, err))
			return
		}
	} else if committed == 0 {
		return
	}
	failed := false
	for _, p := range values {
		c, err := p.claim(v.events)
		if err != nil {
			failed = true
			v.report.fail(name, err.Error())
			continue
		}
		if p.File != "" {
			v.claims[p.File] = append(v.claims[p.File], c)
		}
	}
	for _, file := range slices.Sorted(maps.Keys(v.claims)) {
		if _, ok := v.box.files[file]; !ok {
			failed = true
			v.report.fail(name, fmt.Sprintf("%s should be in file %s, which is missing", v.claims[file][0].label, file))
		}
	}
	if failed {
		return
	}
	detail := fmt.Sprintf("%d of %d enclosed and as committed", len(values), committed)
	if rest := committed - len(values); rest > 0 {
		detail += fmt.Sprintf(", %d not enclosed (erased or withheld)", rest)
	}
	v.report.pass(name, detail)
}
