package tickets

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/canceldesk/canceldesk/store/account"
)

// CallDirection says who rang whom.
type CallDirection string

// The directions of a call. A callback is one that we made because somebody asked to be rung.
const (
	CallInbound   CallDirection = "inbound"
	CallOutbound  CallDirection = "outbound"
	CallVoicemail CallDirection = "voicemail"
	CallCallback  CallDirection = "callback"
)

// Call is one telephone call as the call centre tells of it, or as an agent wrote it down. Reports of
// it may come in any order; a recording that comes before them makes a stub (TicketID 0).
type Call struct {
	ID        string `gorm:"column:call_id;primaryKey"` // the call centre's own
	TicketID  int64  // the case it was said in, 0 where only the recording came so far
	Direction CallDirection
	Caller    string // the number that rang, as signalled: it proves nothing
	Agent     string // who took it, in the call centre's words
	StartedAt *time.Time
	EndedAt   *time.Time
	// Summary and Transcript are as they were reported last; each version is a message of the case.
	Summary    string
	Transcript string
	// FactTries counts the payment facts of this call that fitted nothing. FactsSeen is the digest of
	// those that were checked last, so that a report sent twice is one try.
	FactTries int
	FactsSeen string
	// Recording is the audio; its Ref is "" where there is none.
	Recording Recording `gorm:"embedded;embeddedPrefix:recording_"`
	At        time.Time // when the desk first heard of the call
}

// CallReport is what is told of a call at one time. What is empty changes nothing.
type CallReport struct {
	ID         string
	Direction  CallDirection
	Caller     string
	Agent      string
	StartedAt  time.Time
	EndedAt    *time.Time
	Identity   Identity
	Summary    string
	Transcript string
	// Taken is the login of whoever wrote the report down at the desk and works on the case from now
	// on; "" where a program reported it.
	Taken string
	// Reason says why the first report of a call comes so long after it, where it does.
	Reason string
}

// Scope is what a message and a verification of the call cover.
func (c Call) Scope() string { return callScope(c.ID) }

func callScope(id string) string { return "call/" + id }

// The bounds of what is taken in about a call or a case by hand.
const (
	maxCallID     = 128
	maxShort      = 200
	maxSummary    = 20_000
	maxTranscript = 200_000
	maxFacts      = 5
	maxFactTries  = 5 // payment facts that fit nothing, in one call or conversation
	// aheadOfUs is how far another machine's clock may be ahead.
	aheadOfUs = 5 * time.Minute
)

const badCallID = "A call_id is 1 to 128 letters, digits or any of . _ : @ + = , ~ -"

// check finds everything that is wrong with a report.
func (r *CallReport) check(at time.Time) error {
	if !validCallID(r.ID) {
		return &Error{Kind: Invalid, Msg: badCallID}
	}
	switch r.Direction {
	case "", CallInbound, CallOutbound, CallVoicemail, CallCallback:
	default:
		return &Error{Kind: Invalid, Msg: "direction is inbound, outbound, voicemail or callback."}
	}
	switch {
	case r.StartedAt.IsZero():
		return &Error{Kind: Invalid, Msg: "started_at is missing: the call's start is when its request was received."}
	case r.StartedAt.After(at.Add(aheadOfUs)):
		return &Error{Kind: Invalid, Msg: "The call starts in the future."}
	case r.EndedAt != nil && r.EndedAt.Before(r.StartedAt):
		return &Error{Kind: Invalid, Msg: "The call ends before it starts."}
	}
	r.StartedAt = earlier(r.StartedAt, at)
	r.Caller, r.Agent = clip(r.Caller, maxShort), clip(r.Agent, maxShort)
	r.Summary, r.Transcript = clean(r.Summary), clean(r.Transcript)
	if utf8.RuneCountInString(r.Summary) > maxSummary || utf8.RuneCountInString(r.Transcript) > maxTranscript {
		return &Error{Kind: TooLarge, Msg: "The summary or the transcript is too long."}
	}
	return r.Identity.check()
}

// validCallID reports whether the id can stand in an address, an event and a key as it is.
func validCallID(id string) bool {
	return id != "" && len(id) <= maxCallID && !strings.ContainsFunc(id, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && !strings.ContainsRune("._:@+=,~-", r)
	}) && strings.Trim(id, ".") != ""
}

// NumberOf is the telephone number that a line signalled, as an account has it, "" where it signalled
// none: a withheld number, or a name.
func NumberOf(caller string) string {
	user, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(strings.ToLower(caller), "tel:"), "sip:"), "@")
	if strings.ContainsFunc(user, unicode.IsLetter) {
		return ""
	}
	const shortest, longest = 5, 15
	n := account.NormalPhone(user)
	if digits := strings.TrimPrefix(n, "+"); len(digits) < shortest || len(digits) > longest {
		return ""
	}
	return n
}

// fill takes over what a report says and reports whether anything is new.
func (c *Call) fill(r CallReport) bool {
	before := *c
	set := func(into *string, s string) {
		if s != "" {
			*into = s
		}
	}
	if r.Direction != "" {
		c.Direction = r.Direction
	}
	set(&c.Caller, r.Caller)
	set(&c.Agent, r.Agent)
	set(&c.Summary, r.Summary)
	set(&c.Transcript, r.Transcript)
	if c.StartedAt == nil {
		start := r.StartedAt.UTC().Truncate(time.Microsecond)
		c.StartedAt = &start
	}
	ended := false
	if r.EndedAt != nil {
		end := r.EndedAt.UTC().Truncate(time.Microsecond)
		ended = c.EndedAt == nil || !c.EndedAt.Equal(end)
		c.EndedAt = &end
	}
	return ended || before.StartedAt == nil || before.Direction != c.Direction || before.Caller != c.Caller ||
		before.Agent != c.Agent || before.Summary != c.Summary || before.Transcript != c.Transcript
}

// sameStart reports whether a report can be of this call. A call centre rounds its own clock.
func (c Call) sameStart(r CallReport) bool {
	return c.StartedAt == nil || c.StartedAt.Sub(r.StartedAt).Abs() <= time.Minute
}

// given is when what a report tells was said at the latest: its end, or now while the call goes on.
func (r CallReport) given(at time.Time) time.Time {
	if r.EndedAt != nil {
		return earlier(*r.EndedAt, at)
	}
	return at
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		a = b
	}
	return a.UTC().Truncate(time.Microsecond)
}

// clean is a text as it is kept: valid, with plain line ends and without control characters.
func clean(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && unicode.IsControl(r) {
			return -1
		}
		return r
	}, s))
}

// clip is one line of at most n characters.
func clip(s string, n int) string {
	line := []rune(strings.Join(strings.Fields(clean(s)), " "))
	return string(line[:min(len(line), n)])
}

// heading is the subject of a case that was written down: the beginning of what was said.
func heading(text string) string {
	first, _, _ := strings.Cut(maskNumbers(text), "\n")
	first = clip(first, maxShort)
	for i, r := range first {
		if strings.ContainsRune("。！？!?;；", r) && i > 0 {
			return clip(first[:i], 60)
		}
	}
	return clip(first, 60)
}
