package evidence

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// streamCheck is what the verifier knows of one stream in events.jsonl.
type streamCheck struct {
	tip    Tip // what the head says; Count 0 where it says nothing
	hashes map[int64]string
	leaves map[int64]int64
	last   int64 // n of the line before
	faults int
}

// checkEvents compares events.jsonl with the log and with the head, and
// names each event that is wrong and each that is missing.
func (v *verification) checkEvents() {
	content, err := v.box.read(eventsName)
	if err != nil {
		v.report.fail("events", err.Error())
		return
	}
	streams := map[string]*streamCheck{}
	proven := map[string]eventProof{}
	if v.head != nil {
		for _, tip := range v.head.Streams {
			streams[tip.Stream] = newStreamCheck(tip)
		}
	}
	for _, p := range v.provenEvents() {
		key := eventKey(p.stream, p.n)
		if _, twice := proven[key]; twice {
			v.report.fail("event "+key, "has two proofs")
		}
		proven[key] = p
	}
	before := ""
	number := 0
	for line := range bytes.Lines(content) {
		number++
		line, whole := bytes.CutSuffix(line, []byte("\n"))
		e, err := ParseEvent(line)
		if err == nil && !whole {
			err = errors.New("the last line is cut")
		}
		if err != nil {
			v.report.fail(fmt.Sprintf("event in line %d", number), err.Error())
			continue
		}
		if streams[e.Stream] == nil {
			streams[e.Stream] = newStreamCheck(Tip{Stream: e.Stream})
		}
		if faults := v.checkEvent(e, line, streams[e.Stream], proven, before); len(faults) > 0 {
			streams[e.Stream].faults++
			v.report.fail("event "+eventKey(e.Stream, e.N), strings.Join(faults, "; "))
		}
		before = e.Stream
	}
	for _, p := range v.provenEvents() {
		if s := streams[p.stream]; s == nil || p.n > s.tip.Count && s.hashes[p.n] == "" {
			v.report.fail("event "+eventKey(p.stream, p.n), "is missing: only its proof is here")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(streams)) {
		v.checkTip(streams[name])
	}
}

// provenEvents lists the proofs, as far as they could be read.
func (v *verification) provenEvents() []eventProof {
	if v.proofs == nil {
		return nil
	}
	return v.proofs.events
}

func newStreamCheck(tip Tip) *streamCheck {
	return &streamCheck{tip: tip, hashes: map[int64]string{}, leaves: map[int64]int64{}}
}

// checkEvent returns all that is wrong with one event where it stands.
func (v *verification) checkEvent(e Event, line []byte, s *streamCheck, proven map[string]eventProof, before string) []string {
	var faults []string
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	hash := Hash(line)
	switch {
	case s.hashes[e.N] != "":
		fault("stands here a second time")
		return faults
	case e.N < s.last:
		fault("is out of order: it stands after %s", eventKey(e.Stream, s.last))
	}
	if e.Stream < before {
		fault("is out of order: stream %s stands after %s", e.Stream, before)
	}
	if prev := s.hashes[e.N-1]; prev != "" && prev != e.Prev {
		fault("does not follow from %s as it stands here: one of the two was changed", eventKey(e.Stream, e.N-1))
	}
	if s.tip.Count > 0 && e.N > s.tip.Count {
		fault("was added: the logged head ends at %d", s.tip.Count)
	}
	if e.N == s.tip.Count && hash != s.tip.LastHash {
		fault("is not the last event the logged head names")
	}
	p, ok := proven[eventKey(e.Stream, e.N)]
	if !ok {
		fault("has no proof that it was logged")
	} else if err := v.eventLogged(p, line); err != nil {
		fault("%s", err)
	}
	if leaf, ok := s.leaves[e.N-1]; ok && p.index <= leaf {
		fault("was logged before the event it follows")
	}
	s.hashes[e.N], s.leaves[e.N], s.last = hash, p.index, e.N
	v.events[eventKey(e.Stream, e.N)] = e
	return faults
}

func (v *verification) eventLogged(p eventProof, line []byte) error {
	if err := v.needs(); err != nil {
		return err
	}
	if p.index >= v.proofs.head.index {
		return errors.New("was logged after the head, or its proof was changed")
	}
	return v.included(p.index, p.proof, func() ([]byte, error) { return line, nil })
}

// checkTip reports what is missing of a stream and sums it up.
func (v *verification) checkTip(s *streamCheck) {
	name := "events " + s.tip.Stream
	if s.tip.Count == 0 {
		detail := "the logged head does not name this stream"
		if v.head == nil {
			detail = "not proven, because the head is not"
		}
		v.report.fail(name, detail)
		return
	}
	next := int64(1)
	for _, n := range append(slices.Sorted(maps.Keys(s.hashes)), s.tip.Count+1) {
		if n > next && next <= s.tip.Count {
			s.faults++
			v.report.fail(fmt.Sprintf("event %s", eventKey(s.tip.Stream, next)), missing(next, min(n-1, s.tip.Count)))
		}
		next = n + 1
	}
	if s.faults > 0 {
		v.report.fail(name, fmt.Sprintf("%d faults, named above", s.faults))
		return
	}
	v.report.pass(name, fmt.Sprintf("%d events, none missing, in order, all in the log", s.tip.Count))
}

func missing(from, to int64) string {
	if from == to {
		return "is missing"
	}
	return fmt.Sprintf("is missing, and all up to %d", to)
}
