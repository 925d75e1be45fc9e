package web

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

//go:embed catalogue/*.json
var catalogueFiles embed.FS

// languages are those the dashboard speaks.
func languages() []string { return []string{"zh-CN", "en"} }

// words speaks one language: its catalogue, and how it writes times and money.
type words struct {
	lang  string
	texts map[string]string
	// patterns are the desk's messages that name something, such as a status.
	patterns []pattern
	zone     *time.Location
	now      func() time.Time
}

// pattern is a message with gaps, and the text with the same gaps in this language.
type pattern struct {
	message *regexp.Regexp
	text    string
}

func loadWords(lang string, zone *time.Location, now func() time.Time) (*words, error) {
	b, err := catalogueFiles.ReadFile("catalogue/" + lang + ".json")
	if err != nil {
		return nil, fmt.Errorf("catalogue: %w", err)
	}
	w := &words{lang: lang, zone: zone, now: now}
	if err := json.Unmarshal(b, &w.texts); err != nil {
		return nil, fmt.Errorf("catalogue %s: %w", lang, err)
	}
	for key, text := range w.texts {
		if msg, ok := strings.CutPrefix(key, "says."); ok && strings.Contains(msg, "%s") {
			quoted := strings.ReplaceAll(regexp.QuoteMeta(msg), "%s", "(.*?)")
			w.patterns = append(w.patterns, pattern{message: regexp.MustCompile("^" + quoted + "$"), text: text})
		}
	}
	return w, nil
}

func (w *words) functions() template.FuncMap {
	return template.FuncMap{
		"t": w.text, "code": w.code, "reason": w.reason, "defect": w.defect, "says": w.says, "moment": w.moment, "day": w.day, "ago": w.ago, "past": w.past, "near": w.near, "clock": w.clock, "many": many,
		"yuan": w.yuan, "actor": w.actor, "notknown": w.notKnown, "arithmetic": w.arithmetic, "bytes": w.size, "percent": w.percent,
		"number": tickets.Number, "stateclass": stateClass, "lines": lines, "zh": func() bool { return w.lang == "zh-CN" },
	}
}

// text is the catalogue's text under the key, filled with args.
func (w *words) text(key string, args ...any) string {
	s, ok := w.texts[key]
	if !ok {
		return key
	}
	if len(args) == 0 {
		return s
	}
	return fmt.Sprintf(s, args...)
}

// defect puts what is wrong with a mail into words. Behind its code a colon may bring a detail, which is
// the mail's own and stays as it is.
func (w *words) defect(s string) string {
	code, detail, found := strings.Cut(s, ": ")
	if !found {
		return w.code("defect", code)
	}
	return w.code("defect", code) + " (" + detail + ")"
}

// code puts a stable code of a group into words; one it has no words for is shown as it is, so that
// nothing unknown is hidden.
func (w *words) code(group string, code any) string {
	name := fmt.Sprint(code)
	if s, ok := w.texts[group+"."+name]; ok {
		return s
	}
	return name
}

// reason is the reason of a step or a status in words. What the desk asks by mail or in a chat it asks nobody
// who called or wrote a letter, so that some reasons read otherwise there.
func (w *words) reason(code any, channel tickets.Channel) string {
	how := "byhand"
	switch channel {
	case tickets.Email:
		return w.code("reason", code)
	case tickets.Chat:
		how = "chat"
	}
	if s, ok := w.texts[fmt.Sprintf("reason.%v.%s", code, how)]; ok {
		return s
	}
	return w.code("reason", code)
}

// says is a message of the desk in this language. The desk writes English; where the catalogue has
// no translation of it, the original is better than nothing.
func (w *words) says(msg string) string {
	for _, key := range []string{msg, "says." + msg} {
		if s, ok := w.texts[key]; ok {
			return s
		}
	}
	for _, p := range w.patterns {
		found := p.message.FindStringSubmatch(msg)
		if found == nil {
			continue
		}
		args := make([]any, len(found)-1)
		for i, code := range found[1:] {
			if at, err := time.Parse(time.RFC3339, code); err == nil {
				args[i] = w.moment(at) // as people here read a time
				continue
			}
			if args[i] = w.code("status", code); args[i] == code {
				args[i] = w.code("refundstate", code)
			}
		}
		return fmt.Sprintf(p.text, args...)
	}
	return msg
}

// moment is an instant in the desk's zone: 2026-03-05 14:30.
func (w *words) moment(v any) string {
	t, ok := instant(v)
	if !ok {
		return w.text("none")
	}
	return t.In(w.zone).Format("2006-01-02 15:04")
}

// day is an instant's local day with its weekday.
func (w *words) day(v any) string {
	t, ok := instant(v)
	if !ok {
		return w.text("none")
	}
	t = t.In(w.zone)
	return t.Format("2006-01-02") + " " + w.text("weekday."+strconv.Itoa(int(t.Weekday())))
}

// clock is an instant's time of day in the desk's zone: 14:30.
func (w *words) clock(v any) string {
	t, ok := instant(v)
	if !ok {
		return w.text("none")
	}
	return t.In(w.zone).Format("15:04")
}

// near reports whether an instant lies at most 48 hours ahead, or has passed.
func (w *words) near(v any) bool {
	t, ok := instant(v)
	return ok && t.Sub(w.now()) < 48*time.Hour
}

// many is how many tickets a view has, as far as they were counted.
func many(n int) string {
	if n >= tickets.CountLimit {
		return strconv.Itoa(tickets.CountLimit-1) + "+"
	}
	return strconv.Itoa(n)
}

func (w *words) past(v any) bool {
	t, ok := instant(v)
	return ok && !w.now().Before(t)
}

// ago is how far an instant lies ahead or behind, in the largest unit that says enough.
func (w *words) ago(v any) string {
	t, ok := instant(v)
	if !ok {
		return w.text("none")
	}
	d, direction := t.Sub(w.now()), "in"
	if d <= 0 {
		d, direction = -d, "ago"
	}
	unit, n := "minute", int(d/time.Minute)
	switch {
	case d < time.Minute:
		return w.text("time.now")
	case d >= 48*time.Hour:
		unit, n = "day", int(d/(24*time.Hour))
	case d >= time.Hour:
		unit, n = "hour", int(d/time.Hour)
	}
	if n == 1 {
		return w.text("time." + direction + "." + unit + ".one")
	}
	return w.text("time."+direction+"."+unit, n)
}

func instant(v any) (time.Time, bool) {
	switch t := v.(type) {
	case time.Time:
		return t, !t.IsZero()
	case *time.Time:
		if t != nil {
			return *t, !t.IsZero()
		}
	}
	return time.Time{}, false
}

// yuan is an amount for people; any currency but CNY is named.
func (w *words) yuan(fen int64, currency ...string) string {
	if len(currency) > 0 && currency[0] != "" && currency[0] != "CNY" {
		return account.Yuan(fen) + " " + currency[0]
	}
	return "¥" + account.Yuan(fen)
}

// actor is who did something: a login as it is, everything else in words.
func (w *words) actor(v any) string {
	name := fmt.Sprint(v)
	if login, ok := strings.CutPrefix(name, "agent:"); ok {
		return login
	}
	if id, ok := strings.CutPrefix(name, "key:"); ok {
		return w.text("actor.key", id)
	}
	return w.code("actor", name)
}

func (w *words) notKnown(item string) string {
	zh, en := account.NotKnownText(item)
	if w.lang == "en" {
		return en
	}
	return zh
}

func (w *words) arithmetic(l account.QuoteLine) string {
	if w.lang == "en" {
		return l.ArithmeticEN
	}
	return l.ArithmeticZH
}

func (w *words) size(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%d KB", n>>10)
	}
	return fmt.Sprintf("%d B", n)
}

func (w *words) percent(share float64) string { return fmt.Sprintf("%.0f%%", share*100) }

// stateClass is the style of a state: how it looks is said beside the words, never instead of them.
func stateClass(state any) string {
	switch reflect.ValueOf(state).String() {
	case "succeeded", "done", "sent", "solved", "terminated":
		return "good"
	case "failed", "needs_agent", "refused", "abnormal", "quarantined", "oversize", "bounced":
		return "bad"
	case "needs_approval", "needs_customer", "unknown", "about_to", "pending", "on_hold", "proposed", "new", "stopping", "queued":
		return "wait"
	case "running", "open", "approved", "submitted", "processing", "active":
		return "run"
	}
	return "idle"
}

// lines breaks a text where it was broken, so that a long quotation stays readable.
func lines(s string) []string { return strings.Split(strings.TrimRight(s, "\n"), "\n") }
