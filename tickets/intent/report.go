package intent

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
)

// Report writes the score for people to read: the summary, the confusion
// matrix, each intent, each fact, then the misses.
func (s Score) Report(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	p := func(format string, args ...any) { fmt.Fprintf(tw, format+"\n", args...) }
	p("messages\t%d", s.Strict.Cases)
	p("accuracy, strict\t%s", s.Strict)
	p("accuracy, counting also\t%s", s.Accuracy)
	p("stop and refund recall\t%s", s.StopRecall)
	p("false stops on not_cancellation\t%s", s.FalseStops)
	p("\nlabelled \\ read\t%s", strings.Join(names(allIntents), "\t"))
	for _, want := range allIntents {
		row := make([]string, 0, len(allIntents))
		for _, got := range allIntents {
			row = append(row, strconv.Itoa(s.Confusion[want][got]))
		}
		p("%s\t%s", want, strings.Join(row, "\t"))
	}
	p("\nintent\tprecision\trecall")
	for _, i := range allIntents {
		p("%s\t%s\t%s", i, s.Intents[i].Precision, s.Intents[i].Recall)
	}
	p("\nfact\tprecision\trecall")
	for _, k := range factKeys {
		p("%s\t%s\t%s", k, s.Facts[k].Precision, s.Facts[k].Recall)
	}
	if err := tw.Flush(); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return s.reportMisses(w)
}

func (s Score) reportMisses(w io.Writer) error {
	var b strings.Builder
	for _, m := range s.Misses {
		fmt.Fprintf(&b, "\nmiss %s: labelled %s, read %s (%.2f)\n  %s\n  why: %s\n",
			m.Labelled.ID, m.Labelled.Intent, strings.Join(names(m.Got.Intents), ", "), m.Got.Confidence,
			oneLine(strings.TrimSpace(m.Labelled.Subject+" | "+m.Labelled.Text)), strings.Join(m.Got.Why, "; "))
	}
	for _, m := range s.FactMisses {
		fmt.Fprintf(&b, "\nfacts %s: %s\n  %s\n", m.Labelled.ID, strings.Join(m.Facts, "; "),
			oneLine(strings.TrimSpace(m.Labelled.Subject+" | "+m.Labelled.Text)))
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write misses: %w", err)
	}
	return nil
}

// String gives "0.97 (33/34)", or "-" without a case.
func (r Ratio) String() string {
	if r.Cases == 0 {
		return "-"
	}
	return fmt.Sprintf("%.3f (%d/%d)", r.Value(), r.Hits, r.Cases)
}

func names(is []Intent) []string {
	out := make([]string, len(is))
	for i, v := range is {
		out[i] = string(v)
	}
	return out
}
