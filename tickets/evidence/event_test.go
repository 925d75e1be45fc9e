package evidence_test

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/tickets/evidence"
)

const zeros = "0000000000000000000000000000000000000000000000000000000000000000"

func sample() evidence.Event {
	return evidence.Event{
		Stream: "CD-000123", N: 2, At: time.Date(2026, 2, 28, 23, 59, 59, 1500, time.FixedZone("CST", 8*3600)),
		Type: "cancel.result", Actor: "agent:amy",
		Data: map[string]any{
			"b": true, "a": int64(-5), "z": nil, "list": []any{"x", int64(1)}, "文": "退订\u2028<&>\x01\b\f\n\r\t\"\\",
			"nested": map[string]any{"amount_fen": int64(math.MaxInt64)},
		},
		Private: map[string]string{"raw": zeros},
		Prev:    zeros,
	}
}

func TestEventHasOneForm(t *testing.T) {
	t.Parallel()
	line, err := sample().Canonical()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"actor":"agent:amy","at":"2026-02-28T23:59:59.000001+08:00","data":{"a":-5,"b":true,"list":["x",1],"nested":{"amount_fen":9223372036854775807},"z":null,"文":"退订` + "\u2028" + `<&>\u0001\b\f\n\r\t\"\\"},"n":2,"prev":"` + zeros + `","private":{"raw":"` + zeros + `"},"stream":"CD-000123","type":"cancel.result"}`
	if diff := cmp.Diff(want, string(line)); diff != "" {
		t.Errorf("canonical (-want +got):\n%s", diff)
	}
	got, err := evidence.ParseEvent(line)
	if err != nil {
		t.Fatal(err)
	}
	expect := sample()
	expect.At = expect.At.Truncate(time.Microsecond)
	if diff := cmp.Diff(expect, got); diff != "" {
		t.Errorf("parsed (-want +got):\n%s", diff)
	}
	if _, offset := got.At.Zone(); offset != 8*3600 {
		t.Errorf("offset %d was not kept", offset)
	}
}

func TestEventTakesOrdinaryGoValues(t *testing.T) {
	t.Parallel()
	type state string
	e := evidence.Event{Stream: "desk", N: 1, At: time.Unix(0, 0).UTC(), Type: "note", Actor: "desk", Data: map[string]any{
		"int": 7, "uint": uint32(8), "state": state("done"), "ids": []string{"a"}, "map": map[state]int{"k": 1},
		"when": time.Unix(1, 0).UTC(), "pointer": new(int), "nil": (*int)(nil),
	}}
	line, err := e.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"actor":"desk","at":"1970-01-01T00:00:00.000000+00:00","data":{"ids":["a"],"int":7,"map":{"k":1},"nil":null,"pointer":0,"state":"done","uint":8,"when":"1970-01-01T00:00:01.000000+00:00"},"n":1,"prev":"","private":{},"stream":"desk","type":"note"}`
	if diff := cmp.Diff(want, string(line)); diff != "" {
		t.Error(diff)
	}
}

func TestEventRefuses(t *testing.T) {
	t.Parallel()
	var deep any = "bottom"
	for range 20 {
		deep = []any{deep}
	}
	with := func(v any) func(*evidence.Event) {
		return func(e *evidence.Event) { e.Data = map[string]any{"v": v} }
	}
	tests := map[string]struct {
		change func(*evidence.Event)
		want   string
	}{
		"float":              {with(1.0), "a float64 has no canonical form"},
		"nested float":       {with([]any{map[string]any{"x": float32(1)}}), "a float32 has no canonical form"},
		"bytes":              {with([]byte("x")), "bytes have no canonical form"},
		"struct":             {with(struct{ A int }{1}), "has no canonical form"},
		"map without words":  {with(map[int]string{1: "x"}), "keys must be strings"},
		"number too large":   {with(uint64(math.MaxUint64)), "is not a 64-bit integer"},
		"text not UTF-8":     {with("\xff"), "not UTF-8"},
		"too deep":           {with(deep), "nested deeper than"},
		"no stream":          {func(e *evidence.Event) { e.Stream = "" }, "stream"},
		"stream with path":   {func(e *evidence.Event) { e.Stream = "../x" }, "stream"},
		"n of zero":          {func(e *evidence.Event) { e.N = 0 }, "counts from 1"},
		"no time":            {func(e *evidence.Event) { e.At = time.Time{} }, "time is not set"},
		"offset of seconds":  {func(e *evidence.Event) { e.At = e.At.In(time.FixedZone("LMT", 29143)) }, "not whole minutes"},
		"no type":            {func(e *evidence.Event) { e.Type = "" }, "type"},
		"type with spaces":   {func(e *evidence.Event) { e.Type = "a b" }, "type"},
		"no actor":           {func(e *evidence.Event) { e.Actor = "" }, "actor"},
		"first with a prev":  {func(e *evidence.Event) { e.N = 1 }, "has no prev"},
		"second without":     {func(e *evidence.Event) { e.Prev = "" }, "prev is not a hash"},
		"prev in upper case": {func(e *evidence.Event) { e.Prev = strings.Repeat("A", 64) }, "prev is not a hash"},
		"private in plain":   {func(e *evidence.Event) { e.Private = map[string]string{"phone": "13800001234"} }, "is not a digest"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := sample()
			tt.change(&e)
			if _, err := e.Canonical(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

func TestParseEventTakesOneSpellingOnly(t *testing.T) {
	t.Parallel()
	const good = `{"actor":"desk","at":"2026-01-01T00:00:00.000000+08:00","data":{"a":1,"b":"x"},"n":1,"prev":"","private":{},"stream":"desk","type":"note"}`
	if _, err := evidence.ParseEvent([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"space":             {`"n":1`, `"n": 1`},
		"order of keys":     {`"a":1,"b":"x"`, `"b":"x","a":1`},
		"key twice":         {`"a":1`, `"a":1,"a":1`},
		"key in upper case": {`"n":1`, `"N":1`},
		"unknown key":       {`"n":1`, `"m":1,"n":1`},
		"missing key":       {`"private":{},`, ``},
		"null for a map":    {`"private":{}`, `"private":null`},
		"exponent":          {`"a":1`, `"a":1e0`},
		"fraction":          {`"a":1`, `"a":1.0`},
		"minus zero":        {`"a":1`, `"a":-0`},
		"huge":              {`"a":1`, `"a":99999999999999999999`},
		"needless escape":   {`"x"`, `"\u0078"`},
		"Z for an offset":   {`+08:00`, `Z`},
		"milliseconds":      {`.000000`, `.000`},
		"trailing space":    {`"type":"note"}`, `"type":"note"} `},
		"second value":      {`"type":"note"}`, `"type":"note"}{}`},
		"invalid UTF-8":     {`"x"`, "\"\xff\""},
		"no such day":       {`2026-01-01`, `2026-02-30`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			line := strings.Replace(good, change[0], change[1], 1)
			if line == good {
				t.Fatal("the case changes nothing")
			}
			if e, err := evidence.ParseEvent([]byte(line)); err == nil {
				t.Errorf("taken as %+v", e)
			}
		})
	}
}

func TestHeadAndEventAreNeverMistaken(t *testing.T) {
	t.Parallel()
	event, err := sample().Canonical()
	if err != nil {
		t.Fatal(err)
	}
	head := evidence.Head{At: start(), Files: map[string]string{"quote.json": zeros}, Streams: []evidence.Tip{{Stream: "CD-000123", Count: 2, LastHash: zeros}}}
	leaf, err := head.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := evidence.ParseEvent(leaf); err == nil {
		t.Error("a head was taken for an event")
	}
	if _, err := evidence.ParseHead(event); err == nil {
		t.Error("an event was taken for a head")
	}
	got, err := evidence.ParseHead(leaf)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(head, got); diff != "" {
		t.Error(diff)
	}
}

func TestHeadRefuses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*evidence.Head){
		"no stream":    func(h *evidence.Head) { h.Streams = nil },
		"stream twice": func(h *evidence.Head) { h.Streams = append(h.Streams, h.Streams[0]) },
		"streams not sorted": func(h *evidence.Head) {
			h.Streams = append(h.Streams, evidence.Tip{Stream: "A", Count: 1, LastHash: zeros})
		},
		"nameless stream": func(h *evidence.Head) { h.Streams[0].Stream = "" },
		"empty stream":    func(h *evidence.Head) { h.Streams[0].Count = 0 },
		"no last hash":    func(h *evidence.Head) { h.Streams[0].LastHash = "" },
		"unsafe file":     func(h *evidence.Head) { h.Files["../x"] = zeros },
		"file in plain":   func(h *evidence.Head) { h.Files["x"] = "x" },
		"no time":         func(h *evidence.Head) { h.At = time.Time{} },
		"year 10000":      func(h *evidence.Head) { h.At = h.At.AddDate(8000, 0, 0) },
	} {
		h := evidence.Head{At: start(), Files: map[string]string{}, Streams: []evidence.Tip{{Stream: "CD-1", Count: 1, LastHash: zeros}}}
		change(&h)
		if line, err := h.Canonical(); err == nil {
			t.Errorf("%s: written as %s", name, line)
		}
	}
}

func TestCheckStream(t *testing.T) {
	t.Parallel()
	d := setup(t)
	var lines [][]byte
	for _, l := range d.events["CD-000001"] {
		lines = append(lines, l.Line)
	}
	got, err := evidence.CheckStream(lines)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(evidence.Tip{Stream: "CD-000001", Count: 7, LastHash: evidence.Hash(lines[6])}, got); diff != "" {
		t.Error(diff)
	}
	for name, broken := range map[string][][]byte{
		"none":           nil,
		"first missing":  lines[1:],
		"swapped":        {lines[1], lines[0]},
		"gap":            {lines[0], lines[2]},
		"edited":         {bytes.Replace(lines[0], []byte("1500"), []byte("1501"), 1), lines[1]},
		"another stream": {lines[0], d.events["CD-000002"][1].Line},
	} {
		if tip, err := evidence.CheckStream(broken); err == nil {
			t.Errorf("%s: taken as %+v", name, tip)
		}
	}
}

func FuzzParseEvent(f *testing.F) {
	line, err := sample().Canonical()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(line)
	f.Add([]byte(`{"actor":"desk","at":"2026-01-01T00:00:00.000000+08:00","data":{"a":1},"n":1,"prev":"","private":{},"stream":"desk","type":"note"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		e, err := evidence.ParseEvent(line)
		if err != nil {
			return
		}
		again, err := e.Canonical()
		if err != nil || !bytes.Equal(again, line) {
			t.Errorf("%q was read but is written %q, %v", line, again, err)
		}
	})
}
