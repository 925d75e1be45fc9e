package demo

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// zone is the desk's time zone. A fixed offset is exact for Asia/Shanghai
// since 1991 and needs no time zone database on the machine.
func zone() *time.Location { return time.FixedZone("Asia/Shanghai", 8*60*60) }

// expand replaces each {{token}} of raw by what value says for it. An unclosed
// or unknown token is an error.
func expand(raw []byte, value func(token string) (string, error)) ([]byte, error) {
	var out bytes.Buffer
	for {
		before, rest, found := bytes.Cut(raw, []byte("{{"))
		out.Write(before)
		if !found {
			return out.Bytes(), nil
		}
		token, after, closed := bytes.Cut(rest, []byte("}}"))
		if !closed {
			return nil, fmt.Errorf("expand token: %.20q is not closed", rest)
		}
		s, err := value(string(token))
		if err != nil {
			return nil, fmt.Errorf("expand token {{%s}}: %w", token, err)
		}
		out.WriteString(s)
		raw = after
	}
}

// dataToken says what a token of accounts.jsonl stands for when the demo
// starts at now, which is in the desk's zone.
func dataToken(now time.Time, token string) (string, error) {
	words := strings.Fields(token)
	if len(words) < 2 {
		return "", errors.New("want a name and an argument")
	}
	name, args := words[0], words[1:]
	if name == "ago" {
		d, err := time.ParseDuration(args[0])
		if err != nil {
			return "", err
		}
		return now.Add(-d).Truncate(time.Second).Format(time.RFC3339), nil
	}
	clock := ""
	if last := args[len(args)-1]; strings.Contains(last, ":") {
		clock, args = last, args[:len(args)-1]
	}
	var n [3]int
	if len(args) == 0 || len(args) > len(n) {
		return "", fmt.Errorf("want one to three numbers, have %d", len(args))
	}
	for i, a := range args {
		v, err := strconv.Atoi(a)
		if err != nil {
			return "", err
		}
		n[i] = v
	}
	day := dayFrom(now, n[0])
	switch {
	case name == "day" && len(args) == 1 && clock == "":
	case name == "at" && len(args) == 1 && clock != "":
	case name == "month" && len(args) > 1:
		day = addMonths(day, n[1]).AddDate(0, 0, n[2])
	default:
		return "", errors.New("no such token")
	}
	if clock == "" {
		return day.Format(time.DateOnly), nil
	}
	t, err := clockOn(day, clock)
	if err != nil {
		return "", err
	}
	return t.Format(time.RFC3339), nil
}

// dayFrom is the start of the day that lies n days from now's.
func dayFrom(now time.Time, n int) time.Time {
	return time.Date(now.Year(), now.Month(), now.Day()+n, 0, 0, 0, 0, now.Location())
}

// clockOn is the instant "15:04" on the given day.
func clockOn(day time.Time, clock string) (time.Time, error) {
	t, err := time.Parse("15:04", clock)
	if err != nil {
		return time.Time{}, err
	}
	return day.Add(time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute), nil
}

// addMonths keeps the day of the month of day and clamps it to the last day of
// a shorter month: 31 January plus one month is 28 or 29 February.
func addMonths(day time.Time, n int) time.Time {
	first := time.Date(day.Year(), day.Month()+time.Month(n), 1, 0, 0, 0, 0, day.Location())
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(day.Day(), last)-1)
}

// mailToken says what a token of a mail's header stands for when the mail was
// sent at the given instant, which is in the desk's zone.
func mailToken(sent time.Time, token string) (string, error) {
	const rfc5322 = "Mon, 02 Jan 2006 15:04:05 -0700"
	switch token {
	case "date":
		return sent.Format(rfc5322), nil
	case "date utc":
		return sent.UTC().Format(rfc5322), nil
	case "stamp":
		return sent.Format("20060102150405"), nil
	}
	return "", errors.New("no such token")
}

// expandHeader expands the tokens of a raw mail's top header and leaves its
// body alone.
func expandHeader(raw []byte, value func(token string) (string, error)) ([]byte, error) {
	header, body, found := bytes.Cut(raw, []byte("\r\n\r\n"))
	if !found {
		return nil, errors.New("expand header: no empty line ends it")
	}
	header, err := expand(header, value)
	if err != nil {
		return nil, err
	}
	return bytes.Join([][]byte{header, body}, []byte("\r\n\r\n")), nil
}
