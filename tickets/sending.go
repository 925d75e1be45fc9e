package tickets

import "time"

// SendLimits is how many mails an SMTP account may hand over to its provider, each in any span of that
// length; 0 is no limit. A try that the provider refuses counts too, as it does there.
type SendLimits struct{ PerMinute, PerHour, PerDay int }

// None reports whether nothing is limited.
func (l SendLimits) None() bool { return l == SendLimits{} }

// Most is the largest number of hand-overs that matter for what may go out next.
func (l SendLimits) Most() int { return max(l.PerMinute, l.PerHour, l.PerDay) }

// unlimited is how many mails go out at once where nothing limits them.
const unlimited = 1000

// Room is how many more mails may be handed over at an instant, at most 1,000, and where that is none, when
// the next may. handed are the instants of the last Most hand-overs, newest first; granted is how many more
// were let go and are not handed over yet; paused is until when the provider takes nothing, the zero time
// for a provider that does.
func (l SendLimits) Room(at time.Time, handed []time.Time, granted int, paused time.Time) (free int, next time.Time) {
	free, next = unlimited, at
	if paused.After(at) {
		free, next = 0, paused
	}
	for _, w := range []struct {
		most int
		span time.Duration
	}{{l.PerMinute, time.Minute}, {l.PerHour, time.Hour}, {l.PerDay, 24 * time.Hour}} {
		if w.most <= 0 {
			continue
		}
		used := granted
		for _, t := range handed {
			if t.After(at.Add(-w.span)) {
				used++
			}
		}
		free = min(free, max(w.most-used, 0))
		if used < w.most {
			continue
		}
		last := at // what was let go counts as handed over now
		if w.most > granted {
			last = handed[w.most-granted-1]
		}
		if again := last.Add(w.span); again.After(next) {
			next = again
		}
	}
	return free, next
}

// Importance orders mails that a limit holds back: 0 goes first. A code runs out in minutes; what was done
// or written by a person comes before questions, those before receipts, and what strangers are told is last.
func (t Tell) Importance() int {
	switch t {
	case TellCode:
		return 0
	case TellAnswer, TellCancelOutcome, TellRefundOutcome, TellHoldAsked, TellWithdrawn:
		return 1
	case TellQuestion, TellMissing, TellOffer, TellCodeNeeded, TellUnread:
		return 2
	case TellReceipt:
		return 3
	case TellNeutral:
	}
	return 4
}

// Matters reports whether somebody has to see to it that a mail was refused for good: not where it only
// confirms that something arrived, perhaps to an address that was made up.
func (t Tell) Matters() bool { return t != TellReceipt && t != TellNeutral }

// Sending is one hand-over of a mail to the provider of an SMTP account, or a time in which that takes none.
type Sending struct {
	ID      int64 `gorm:"primaryKey"`
	Account string
	At      time.Time
	Until   *time.Time // nil for a hand-over
}

// SendingLife is how long a Sending matters: the longest limit and an hour more.
const SendingLife = 25 * time.Hour
