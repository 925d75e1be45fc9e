package evidence

import (
	"bytes"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"
	"time"
)

// Case is what a summary tells about one ticket. It is shown to customers and
// regulators: account and facts come masked, and nothing may be in it that
// they must not see.
type Case struct {
	// Number is the ticket's number.
	Number string
	// Account is the account's number, masked.
	Account string
	// Subject is that of the request.
	Subject string
	// Channel is how it came: email, chat, phone, web, guard or other.
	Channel string
	// Intents are what was asked, the primary one first.
	Intents []string
	// ReceivedAt is when it was received, in the desk's zone.
	ReceivedAt time.Time
	// DecidedBy is the actor who decided, as in Event.Actor.
	DecidedBy string
	// Stopped lists what was ended, confirmed; empty while nothing is.
	Stopped []Stop
	// LastDayOfUse is a calendar day, YYYY-MM-DD, inclusive; empty if open.
	LastDayOfUse string
	// Refund is what goes back; nil if none was decided.
	Refund *SummaryRefund
	// Facts are further lines the caller wants told.
	Facts []Fact
	// Timeline is the ticket's events in order.
	Timeline []Event
}

// Stop is one half of a cancellation that was confirmed by whoever debits.
type Stop struct {
	// Kind is biller (no more debits are sent) or agreement (the permission
	// to debit is ended).
	Kind string
	// What is the id of the subscription or agreement.
	What string
	// ConfirmedBy names who confirmed: wechat, alipay, the platform's biller.
	ConfirmedBy string
	// ConfirmedAt is when they did.
	ConfirmedAt time.Time
}

// SummaryRefund is the refund of a case.
type SummaryRefund struct {
	// AmountFen is the sum in fen.
	AmountFen int64
	// State is that of the refund, such as succeeded.
	State string
}

// Fact is a line of the summary in both languages.
type Fact struct {
	ZH, EN string // what it is
	Value  string
}

// line is a labelled value as the page shows it.
type line struct{ Label, Value string }

// moment is an event as the page shows it.
type moment struct {
	At, What, Type, Who string
	Data                []line
}

// Summary returns the case as one HTML page in Chinese (lang begins with zh)
// or English. The page needs nothing from elsewhere, holds no script, and
// every value in it is escaped. Equal cases give equal bytes.
func Summary(lang string, c Case) []byte {
	w := wording(strings.HasPrefix(strings.ToLower(lang), "zh"))
	view := struct {
		Lang, Title, Intro, Number, TimelineTitle, Footer string
		Lines                                             []line
		Moments                                           []moment
	}{
		Lang: w.lang, Title: w.say("title"), Intro: w.say("intro"), Number: c.Number,
		TimelineTitle: w.say("timeline"), Footer: w.say("footer"), Lines: w.lines(c),
	}
	for _, e := range c.Timeline {
		view.Moments = append(view.Moments, w.moment(e))
	}
	var out bytes.Buffer
	// The template and the types it reads are both of this package, and a
	// buffer takes every write: an error here is a bug.
	if err := template.Must(template.New("summary").Parse(summaryPage)).Execute(&out, view); err != nil {
		panic(fmt.Errorf("evidence summary: %w", err))
	}
	return out.Bytes()
}

// lines answers what was asked, who decided, what was stopped and what comes
// back.
func (w words) lines(c Case) []line {
	var asked []string
	for _, intent := range c.Intents {
		asked = append(asked, w.label("intent", intent))
	}
	lines := []line{
		{w.say("number"), c.Number},
		{w.say("account"), c.Account},
		{w.say("subject"), c.Subject},
		{w.say("channel"), w.label("channel", c.Channel)},
		{w.say("asked"), strings.Join(asked, w.say("comma"))},
		{w.say("received"), w.instant(c.ReceivedAt)},
		{w.say("decided"), w.actor(c.DecidedBy)},
	}
	for _, s := range c.Stopped {
		lines = append(lines, line{w.label("stop", s.Kind), w.phrase("confirmed", s.What, w.label("value", s.ConfirmedBy), w.instant(s.ConfirmedAt))})
	}
	if len(c.Stopped) == 0 {
		lines = append(lines, line{w.say("stopped"), w.say("nothing stopped")})
	}
	lines = append(lines, line{w.say("last day"), c.LastDayOfUse})
	refund := w.say("no refund")
	if c.Refund != nil {
		refund = w.phrase("refund state", yuan(c.Refund.AmountFen), w.label("value", c.Refund.State))
	}
	lines = append(lines, line{w.say("refund"), refund})
	for _, f := range c.Facts {
		label := f.EN
		if w.chinese {
			label = f.ZH
		}
		lines = append(lines, line{label, f.Value})
	}
	for i := range lines {
		if lines[i].Value == "" {
			lines[i].Value = w.say("none")
		}
	}
	return lines
}

func (w words) moment(e Event) moment {
	m := moment{At: w.instant(e.At), What: w.event(e.Type), Type: e.Type, Who: w.actor(e.Actor)}
	for _, key := range slices.Sorted(maps.Keys(e.Data)) {
		m.Data = append(m.Data, line{w.key(key), w.value(key, e.Data[key])})
	}
	return m
}

// value shows one value of an event's data.
func (w words) value(key string, v any) string {
	switch v := v.(type) {
	case nil:
		return w.say("none")
	case bool:
		if v {
			return w.say("yes")
		}
		return w.say("no")
	case string:
		return w.name(key, v)
	case []string:
		var names []string
		for _, name := range v {
			names = append(names, w.name(key, name))
		}
		return strings.Join(names, w.say("comma"))
	case []any:
		var items []string
		for _, item := range v {
			items = append(items, w.value(key, item))
		}
		return strings.Join(items, w.say("comma"))
	case int64:
		if strings.HasSuffix(key, "_fen") {
			return yuan(v)
		}
	case int:
		return w.value(key, int64(v))
	}
	text, err := canonical(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}

// name shows a word of an event's data: under some keys it is one of the
// desk's own terms.
func (w words) name(key, v string) string {
	switch key {
	case "intent", "intents":
		return w.label("intent", v)
	case "channel":
		if label, ok := w.lookUp("channel", v); ok {
			return label
		}
	}
	return w.label("value", v)
}

// actor names who acted: desk, customer, agent:LOGIN, key:ID.
func (w words) actor(actor string) string {
	kind, who, _ := strings.Cut(actor, ":")
	name, ok := w.lookUp("actor", kind)
	switch {
	case !ok:
		return actor
	case who == "":
		return name
	}
	return name + " " + who
}

func (w words) instant(t time.Time) string {
	switch {
	case t.IsZero():
		return ""
	case w.chinese:
		return t.Format("2006年1月2日 15:04:05（UTC-07:00）")
	}
	return t.Format("2 January 2006, 15:04:05 (UTC-07:00)")
}

// yuan writes an amount of fen with its sign before the currency.
func yuan(fen int64) string {
	if fen < 0 {
		// The remainders are negated one by one: -fen would overflow for the
		// smallest integer.
		return fmt.Sprintf("-¥%d.%02d", -(fen / 100), -(fen % 100))
	}
	return fmt.Sprintf("¥%d.%02d", fen/100, fen%100)
}

const summaryPage = `<!doctype html>
<html lang="{{.Lang}}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}} {{.Number}}</title>
<style>
body { font: 16px/1.6 "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; background: #fff; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem .4rem 0; border-bottom: 1px solid #ddd; overflow-wrap: anywhere; }
th { width: 13rem; font-weight: 600; }
ol { padding-left: 1.5rem; }
li { margin-bottom: .8rem; }
time, small { color: #555; }
dl { margin: .2rem 0 0; font-size: .9rem; }
dl div { display: flex; gap: .6rem; }
dt { color: #555; min-width: 8rem; }
dd { margin: 0; overflow-wrap: anywhere; }
@media print { body { margin: 0; max-width: none; } }
</style>
</head>
<body>
<h1>{{.Title}} {{.Number}}</h1>
<p>{{.Intro}}</p>
<table>
{{range .Lines}}<tr><th scope="row">{{.Label}}</th><td>{{.Value}}</td></tr>
{{end}}</table>
<h2>{{.TimelineTitle}}</h2>
<ol>
{{range .Moments}}<li><time>{{.At}}</time><br><strong>{{.What}}</strong> · {{.Who}} <small>{{.Type}}</small>
{{if .Data}}<dl>
{{range .Data}}<div><dt>{{.Label}}</dt><dd>{{.Value}}</dd></div>
{{end}}</dl>
{{end}}</li>
{{end}}</ol>
<p><small>{{.Footer}}</small></p>
</body>
</html>
`
