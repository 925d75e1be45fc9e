package intent

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Labelled is one message with the answer that a person gave.
type Labelled struct {
	Line
	Lang   string         `json:"lang"`
	Intent Intent         `json:"intent"`
	Also   []Intent       `json:"also"` // other primaries that a fair reader accepts
	Facts  map[string]any `json:"facts"`
	Note   string         `json:"note"`
}

// ParseLabelled reads one labelled line; an intent outside the closed set or a
// fact with an unknown key is an error.
func ParseLabelled(data []byte) (Labelled, error) {
	var l Labelled
	if err := json.Unmarshal(data, &l); err != nil {
		return Labelled{}, fmt.Errorf("parse labelled line: %w", err)
	}
	for _, i := range append([]Intent{l.Intent}, l.Also...) {
		if !slices.Contains(allIntents, i) {
			return Labelled{}, fmt.Errorf("parse labelled line %s: unknown intent %q", l.ID, i)
		}
	}
	for k := range l.Facts {
		if !slices.Contains(factKeys, k) {
			return Labelled{}, fmt.Errorf("parse labelled line %s: unknown fact %q", l.ID, k)
		}
	}
	return l, nil
}

var allIntents = []Intent{
	StopAutoRenew, CancelAndRefund, RefundMistakenCharge, AssetDisposal,
	EntryComplaint, StatusInquiry, Clarify, NotCancellation,
}

var factKeys = func() []string {
	var keys []string
	for i := range reflect.TypeFor[Facts]().NumField() {
		key, _, _ := strings.Cut(reflect.TypeFor[Facts]().Field(i).Tag.Get("json"), ",")
		keys = append(keys, key)
	}
	return keys
}()

// Ratio counts hits among cases.
type Ratio struct{ Hits, Cases int }

// Value is hits by cases, 1 where there is no case.
func (r Ratio) Value() float64 {
	if r.Cases == 0 {
		return 1
	}
	return float64(r.Hits) / float64(r.Cases)
}

func (r *Ratio) add(hit bool) {
	r.Cases++
	if hit {
		r.Hits++
	}
}

// Quality is precision (of what was said) and recall (of what was there).
type Quality struct{ Precision, Recall Ratio }

// Miss is a message that was read otherwise than labelled.
type Miss struct {
	Labelled Labelled
	Got      Understanding
	Facts    []string // facts that differ, as "phone: want X, got Y"; empty if the intent differs
}

// Score is how well a labelled set was understood.
type Score struct {
	Strict     Ratio // primary as labelled
	Accuracy   Ratio // primary as labelled or among also
	StopRecall Ratio // of messages labelled with one of the three stop and refund intents: primary one of the three, or in also
	FalseStops Ratio // of messages labelled not_cancellation: primary one of the three and not in also
	Confusion  map[Intent]map[Intent]int
	Intents    map[Intent]Quality
	Facts      map[string]Quality
	Misses     []Miss // intents
	FactMisses []Miss
}

// Measure understands every message and compares. A fact that the set never
// labels is not judged: it may be stated and was not asked for.
func Measure(set []Labelled) Score {
	s := Score{Confusion: map[Intent]map[Intent]int{}, Intents: map[Intent]Quality{}, Facts: map[string]Quality{}}
	judged := map[string]bool{}
	for _, l := range set {
		for k := range l.Facts {
			judged[k] = true
		}
	}
	for _, l := range set {
		u := Understand(l.Message())
		s.intent(l, u)
		s.facts(l, u, judged)
	}
	return s
}

func (s *Score) intent(l Labelled, u Understanding) {
	fair := u.Intent == l.Intent || slices.Contains(l.Also, u.Intent)
	s.Strict.add(u.Intent == l.Intent)
	s.Accuracy.add(fair)
	if l.Intent.Stops() {
		s.StopRecall.add(u.Intent.Stops() || fair)
	}
	if l.Intent == NotCancellation {
		s.FalseStops.add(u.Intent.Stops() && !fair)
	}
	if s.Confusion[l.Intent] == nil {
		s.Confusion[l.Intent] = map[Intent]int{}
	}
	s.Confusion[l.Intent][u.Intent]++
	want, got := s.Intents[l.Intent], s.Intents[u.Intent]
	if l.Intent == u.Intent {
		want.Recall.add(true)
		want.Precision.add(true)
		s.Intents[l.Intent] = want
	} else {
		want.Recall.add(fair)
		got.Precision.add(fair)
		s.Intents[l.Intent], s.Intents[u.Intent] = want, got
	}
	if !fair {
		s.Misses = append(s.Misses, Miss{Labelled: l, Got: u})
	}
}

func (s *Score) facts(l Labelled, u Understanding, judged map[string]bool) {
	got := u.Facts.stated()
	var differ []string
	for _, k := range factKeys {
		if !judged[k] {
			continue
		}
		want, have := labelText(l.Facts[k]), got[k]
		q := s.Facts[k]
		if want != "" {
			q.Recall.add(want == have)
		}
		if have != "" {
			q.Precision.add(want == have)
		}
		s.Facts[k] = q
		if want != have {
			differ = append(differ, fmt.Sprintf("%s: want %q, got %q", k, want, have))
		}
	}
	if differ != nil {
		s.FactMisses = append(s.FactMisses, Miss{Labelled: l, Got: u, Facts: differ})
	}
}

// stated gives the facts that are there by their JSON key.
func (f Facts) stated() map[string]string {
	m := make(map[string]string, len(factKeys))
	v := reflect.ValueOf(f)
	for i, k := range factKeys {
		switch field := v.Field(i); {
		case field.IsZero():
		case field.Kind() == reflect.Int64:
			m[k] = strconv.FormatInt(field.Int(), 10)
		default:
			m[k] = field.String()
		}
	}
	return m
}

func labelText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case float64:
		return strconv.FormatInt(int64(v), 10)
	case string:
		return v
	default:
		return fmt.Sprint(v)
	}
}
