package reply

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
)

// releaseJob lets mails go that are held back.
func releaseJob(at time.Time) tickets.Job {
	return tickets.Job{Kind: tickets.JobRelease, DueAt: at, Key: "release"}
}

// heldAlarm is the key of the alarm for mails that are held back.
const heldAlarm = "mail_held"

// admit decides whether a mail may be handed over now, and notes the hand-over. One that may not is held
// back, and its job is done. Nothing is asked or noted where nothing is limited.
func (s *Sender) admit(ctx context.Context, o tickets.Outgoing, done func(tickets.Tx) error) (admitted bool, err error) {
	if o.Channel != tickets.ByMail {
		return true, nil
	}
	if s.ways.Limits.None() && !o.Granted {
		paused, err := s.store.SendingPaused(ctx, s.ways.Account, s.now())
		if err != nil || !paused {
			return err == nil, err
		}
	}
	at := s.now()
	err = s.store.InTx(ctx, func(tx tickets.Tx) error {
		admitted = false
		o, err := tx.OutgoingByID(ctx, o.ID)
		if err != nil {
			return err
		}
		if o.State != tickets.OutgoingQueued || o.HeldAt != nil {
			return done(tx)
		}
		if !o.Granted {
			free, next, err := s.room(ctx, tx, at)
			if err != nil {
				return err
			}
			waiting, err := tx.CountHeld(ctx)
			if err != nil {
				return err
			}
			if waiting > 0 || free == 0 { // whoever waits already may be more important
				if err := hold(ctx, tx, o, next, at); err != nil {
					return err
				}
				return done(tx)
			}
		}
		o.Granted, admitted = false, true
		if err := tx.SaveOutgoing(ctx, o); err != nil {
			return err
		}
		return tx.InsertSending(ctx, tickets.Sending{Account: s.ways.Account, At: at})
	})
	if err != nil {
		return false, fmt.Errorf("admit mail %d: %w", o.ID, err)
	}
	return admitted, nil
}

// room is how many mails the provider takes now, and when it takes the next.
func (s *Sender) room(ctx context.Context, tx tickets.Tx, at time.Time) (free int, next time.Time, err error) {
	handed, paused, err := tx.Handed(ctx, s.ways.Account, s.ways.Limits.Most())
	if err != nil {
		return 0, at, err
	}
	granted, err := tx.CountGranted(ctx)
	if err != nil {
		return 0, at, err
	}
	free, next = s.ways.Limits.Room(at, handed, granted, paused)
	return free, next, nil
}

// hold keeps a mail back until there is room for it, and lets the desk see that mails wait.
func hold(ctx context.Context, tx tickets.Tx, o tickets.Outgoing, next, at time.Time) error {
	o.HeldAt, o.Granted = &at, false
	if err := tx.SaveOutgoing(ctx, o); err != nil {
		return err
	}
	if err := tx.RaiseAlarm(ctx, tickets.Alarm{Key: heldAlarm, Kind: tickets.AlarmMailHeld, At: at}); err != nil {
		return err
	}
	return tx.Enqueue(ctx, releaseJob(next))
}

// Release carries out a JobRelease: as many of the mails that are held back as there is room for go on,
// the most important and oldest first, and the rest waits for the next room.
func (s *Sender) Release(ctx context.Context, _ tickets.Job, done func(tickets.Tx) error) error {
	at := s.now()
	err := s.store.InTx(ctx, func(tx tickets.Tx) error {
		free, next, err := s.room(ctx, tx, at)
		if err != nil {
			return err
		}
		list, err := tx.HeldOutgoing(ctx, free)
		if err != nil {
			return err
		}
		for _, o := range list {
			o.HeldAt, o.Granted = nil, true
			if err := tx.SaveOutgoing(ctx, o); err != nil {
				return err
			}
			if err := tx.Enqueue(ctx, sendJob(o, at)); err != nil {
				return err
			}
		}
		left, err := tx.CountHeld(ctx)
		if err != nil {
			return err
		}
		if left > 0 {
			if len(list) > 0 { // there is less room now
				if _, next, err = s.room(ctx, tx, at); err != nil {
					return err
				}
			}
			err = tx.Enqueue(ctx, releaseJob(next))
		} else {
			err = tx.ClearAlarm(ctx, heldAlarm, tickets.DeskActor, at)
		}
		if err != nil {
			return err
		}
		return done(tx)
	})
	if err != nil {
		return fmt.Errorf("release mails: %w", err)
	}
	return nil
}

// Wake looks for room at once, because limits may have changed since mails were held back.
func (s *Sender) Wake(ctx context.Context) error {
	if n, err := s.store.CountHeld(ctx); err != nil || n == 0 {
		return err
	}
	return s.store.InTx(ctx, func(tx tickets.Tx) error { return tx.Enqueue(ctx, releaseJob(s.now())) })
}

// pause holds a mail back that the provider turned away because too many came, and all that follow, for a
// while.
func (s *Sender) pause(ctx context.Context, tx tickets.Tx, o tickets.Outgoing, wait time.Duration, at time.Time) error {
	until := at.Add(wait)
	if err := tx.InsertSending(ctx, tickets.Sending{Account: s.ways.Account, At: at, Until: &until}); err != nil {
		return err
	}
	return hold(ctx, tx, o, until, at)
}

// How long nothing is sent after a provider said that too many mails came.
const (
	pauseShort = 15 * time.Minute
	pauseLong  = time.Hour // after a day's limit; the hour in which the day begins anew is the provider's secret
)

// Providers say that too many mails came with temporary and with permanent codes alike, so their words decide:
// NetEase (163, 126) names its rules in two pairs of letters, Gmail has 5.4.5, Exchange Online its exceptions'
// names, Tencent speaks of frequency. A full mailbox of the recipient ("quota exceeded", 5.2.2) is none of
// these.
var (
	tooManyToday = regexp.MustCompile(`(?i)\b[45]\.4\.5\b|MI:STC|daily (user )?(sending|submission|message)|submissionquotaexceeded|recipientratelimit|sending (quota|limit)`)
	tooManyNow   = regexp.MustCompile(`(?i)MI:SFQ|MI:DMC|HL:IF[CQ]|frequency (is )?limited|rate limit|sent too (fast|many)|too many (messages|mails|emails|connections)|submission rate`)
)

// tooManySent reports whether the answer means that the provider takes no more from us for now, and for
// how long it is left alone.
func tooManySent(r *RefusalError) (wait time.Duration, ok bool) {
	words := strings.ReplaceAll(r.Words, "\n", " ")
	switch {
	case tooManyToday.MatchString(words):
		return pauseLong, true
	case tooManyNow.MatchString(words):
		return pauseShort, true
	}
	return 0, false
}
