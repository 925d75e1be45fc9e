package reply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
)

// chatNotice is the text that stands in a chat for what may not be shown there.
const chatNotice tickets.Tell = "notice"

// chat tells it in every open conversation of the case, and reports whether it has to go out as a mail as
// well: where there is no conversation, where somebody writes mails in the case, and where what is told
// belongs to an account whose holder is not proven to be the one who chats.
func (w *Writer) chat(ctx context.Context, tx tickets.Tx, f *Facts, r ref) (mailed bool, err error) {
	if slices.Contains([]tickets.Tell{tickets.TellHoldAsked, tickets.TellCodeNeeded, tickets.TellWithdrawn}, r.tell) {
		return true, nil // it tells the registered contact of whoever chats
	}
	all, err := tx.Conversations(ctx, f.Ticket.ID)
	if err != nil || len(all) == 0 {
		return true, err
	}
	proofs, err := tx.Verifications(ctx, f.Ticket.ID)
	if err != nil {
		return false, err
	}
	open := slices.DeleteFunc(slices.Clone(all), func(c tickets.Conversation) bool { return c.EndedAt != nil })
	if len(open) == 0 {
		return w.afterChat(ctx, tx, f, r, all, proofs)
	}
	mailed = tickets.Mailable(f.Recipient) && (f.Ticket.Channel == tickets.Email || f.Thread.InReplyTo != "" || f.Thread.Subject != "")
	for _, c := range open {
		f.Proven, f.Shown = proven(proofs, c), shown(proofs, c, *f)
		hidden := f.private() && !f.Shown
		if hidden && !wasProven(proofs, c, f.Ticket.AccountNo) {
			mailed = true // not even that there is news
			continue
		}
		mailed = mailed || hidden && f.onFile()
		if err := w.say(ctx, tx, *f, r, c, hidden); err != nil {
			return false, err
		}
	}
	f.Proven, f.Shown = false, false
	return mailed, nil
}

// afterChat addresses what is told once every conversation has ended: to the registered contact, where its
// holder was proven to chat. Without one a mere receipt or question is left out, because nobody is there.
func (w *Writer) afterChat(ctx context.Context, tx tickets.Tx, f *Facts, r ref, all []tickets.Conversation, proofs []tickets.Verification) (bool, error) {
	if tickets.Mailable(f.Recipient) {
		return true, nil
	}
	if f.Account != nil && registered(f.Account.Account, f.Account.Account.Email, f.Now) && slices.ContainsFunc(all, func(c tickets.Conversation) bool {
		return wasProven(proofs, c, f.Account.Account.No)
	}) {
		messages, err := tx.Messages(ctx, f.Ticket.ID)
		if err != nil {
			return false, err
		}
		w.address(f, messages, f.Account.Account.Email)
		return true, nil
	}
	if !slices.Contains(bare(), r.tell) {
		return true, nil // refused there, so that a person sees it
	}
	return false, tx.Append(ctx, f.Now, result(*f, map[string]any{"tell": string(r.tell), "state": "left_out", "reason": "chat_ended"}, nil))
}

// proven reports whether somebody who can be held to what he says writes in the conversation now.
func proven(proofs []tickets.Verification, c tickets.Conversation) bool {
	return slices.ContainsFunc(proofs, func(v tickets.Verification) bool {
		return v.VoidedAt == nil && v.Scope == c.Scope()
	})
}

// wasProven reports whether the account's holder was ever proven to write in the conversation.
func wasProven(proofs []tickets.Verification, c tickets.Conversation, accountNo string) bool {
	return slices.ContainsFunc(proofs, func(v tickets.Verification) bool {
		return v.VoidedAt == nil && v.Scope == c.Scope() && v.AccountNo == accountNo && accountNo != ""
	})
}

// shown reports whether a proof that holds now lets the conversation show what belongs to the account.
func shown(proofs []tickets.Verification, c tickets.Conversation, f Facts) bool {
	here := tickets.Message{Scope: c.Scope(), At: f.Now}
	return f.Account != nil && tickets.LevelOf(proofs, here, tickets.ActShow, f.Account.Account.No) >= tickets.ActShow.Need(0, 0, false, false)
}

// ComposeChat writes what f.Tell names as it is said in a chat, from the facts alone. It refuses as Compose
// does; what belongs to an account is hidden unless f.Shown.
func ComposeChat(f Facts) (string, error) {
	tell := f.Tell
	var v view
	if f.private() && !f.Shown {
		tell, v = chatNotice, view{Number: f.Ticket.Number()}
	} else {
		var err error
		if v, err = viewOf(f); err != nil {
			return "", err
		}
		v.Proven, v.Money.Chat, v.Money.NeedsCode = f.Proven, true, false // what a chat may show is level 2
	}
	lang := language(f.Ticket.Locale)
	t, err := textOf(lang, "chat_"+tell, wordsFor(lang, f.Zone))
	if err != nil {
		return "", fmt.Errorf("parse text: %w", err)
	}
	var b strings.Builder
	if err := t.Execute(&b, v); err != nil {
		return "", fmt.Errorf("fill in text: %w", err)
	}
	return strings.TrimRight(tidy(b.String()), "\n"), nil
}

// say writes it into one conversation, unless it stands there.
func (w *Writer) say(ctx context.Context, tx tickets.Tx, f Facts, r ref, c tickets.Conversation, hidden bool) error {
	key := r.key(f.Ticket.ID) + "/chat/" + c.ID
	if _, err := tx.OutgoingByKey(ctx, key); err == nil {
		return nil
	} else if !errors.Is(err, tickets.NotFound) {
		return fmt.Errorf("look for chat line: %w", err)
	}
	text, err := ComposeChat(f)
	if err != nil {
		return err
	}
	f.Recipient = c.ID
	o := tickets.Outgoing{
		TicketID: f.Ticket.ID, Key: key, Channel: tickets.ByChat, Tell: f.Tell, Recipient: c.ID, MailID: key,
		Auto: f.Tell != tickets.TellAnswer, State: tickets.OutgoingSent, Attempts: 1, At: f.Now, SentAt: &f.Now,
	}
	data := map[string]any{"tell": string(f.Tell), "channel": string(o.Channel), "key": key}
	if why, err := w.tooMany(ctx, tx, f); err != nil || why != "" {
		data["state"], data["reason"] = "left_out", why
		return errors.Join(err, tx.Append(ctx, f.Now, result(f, data, nil)))
	}
	by := tickets.DeskActor
	if f.Answer != nil {
		o.MessageID, by = f.Answer.ID, tickets.Actor(f.Answer.Sender)
	} else {
		said := tickets.Message{
			TicketID: f.Ticket.ID, Direction: tickets.Reply, Channel: tickets.Chat, At: f.Now, Sender: string(tickets.DeskActor),
			Recipient: c.Scope(), Text: text, Scope: c.Scope(),
		}
		if err := tx.InsertMessage(ctx, &said); err != nil {
			return err
		}
		o.MessageID = said.ID
	}
	if err := tx.InsertOutgoing(ctx, &o); err != nil {
		return err
	}
	data["state"], data["outgoing"], data["message"] = string(o.State), o.ID, o.MessageID
	if err := tx.Append(ctx, f.Now, result(f, data, map[string][]byte{"recipient": []byte(c.ID), "text": []byte(text)})); err != nil {
		return err
	}
	if err := tickets.TellChat(ctx, tx, c, o.MessageID, turn(f), by, f.Now); err != nil {
		return err
	}
	return w.said(ctx, tx, f, o, hidden)
}

func result(f Facts, data map[string]any, private map[string][]byte) tickets.Record {
	return tickets.Record{
		Stream: f.Ticket.Number(), Type: tickets.EventNotifyResult, Actor: string(tickets.DeskActor), Data: data, Private: private,
	}
}

// ends reports whether the customer has what he waits for.
func ends(tell tickets.Tell) bool {
	return slices.Contains([]tickets.Tell{tickets.TellAnswer, tickets.TellCancelOutcome, tickets.TellRefundOutcome, tickets.TellOffer}, tell)
}

// turn is whose turn it is after what is told. Whoever is not proven is asked by a person, too.
func turn(f Facts) tickets.ChatTurn {
	switch {
	case ends(f.Tell):
		return tickets.ChatSettled
	case f.Tell == tickets.TellReceipt, f.Tell == tickets.TellQuestion && !f.Proven:
		return tickets.ChatAcknowledged
	}
	return tickets.ChatAsked
}

// said lets the case go on, and sees to it that what matters does not stay unread.
func (w *Writer) said(ctx context.Context, tx tickets.Tx, f Facts, o tickets.Outgoing, hidden bool) error {
	t, err := tx.Ticket(ctx, o.TicketID)
	if err != nil {
		return err
	}
	if t.FirstRespondedAt == nil {
		t.FirstRespondedAt = &f.Now
		if err := tx.SaveTicket(ctx, &t); err != nil {
			return err
		}
	}
	jobs := []tickets.Job{runJob(o.TicketID, f.Now)}
	if !hidden && (ends(f.Tell) || f.Tell == tickets.TellQuestion || f.Tell == tickets.TellMissing) {
		id := strconv.FormatInt(o.ID, 10)
		jobs = append(jobs, tickets.Job{
			Kind: tickets.JobUnread, TicketID: o.TicketID, Ref: id, DueAt: f.Now.Add(w.cfg.Settings.ChatUnreadAfter()), Key: "unread/" + id,
		})
	}
	return tx.Enqueue(ctx, jobs...)
}

// Unread carries out a JobUnread: what stands in a chat, was not read and not answered goes to the
// registered address, if the account's holder was proven to chat. done completes the job.
func (w *Writer) Unread(ctx context.Context, j tickets.Job, done func(tickets.Tx) error) error {
	id, err := strconv.ParseInt(j.Ref, 10, 64)
	if err != nil {
		return &tickets.Error{Kind: tickets.Invalid, Msg: fmt.Sprintf("%q names nothing that was sent.", j.Ref)}
	}
	at := w.cfg.Now()
	return w.cfg.Store.InTx(ctx, func(tx tickets.Tx) error {
		o, err := tx.OutgoingByID(ctx, id)
		if err != nil {
			return fmt.Errorf("load chat line: %w", err)
		}
		c, err := tx.Conversation(ctx, o.Recipient)
		if err != nil {
			return fmt.Errorf("load conversation: %w", err)
		}
		if c.ReadUpTo >= o.MessageID || c.CustomerAt != nil && c.CustomerAt.After(o.At) {
			return done(tx)
		}
		if err := w.otherWay(ctx, tx, o, c, at); err != nil {
			return fmt.Errorf("send what stayed unread: %w", err)
		}
		return done(tx)
	})
}

// otherWay sends what stands in a chat as a mail, else a text message that something stands there, or
// records why not.
func (w *Writer) otherWay(ctx context.Context, tx tickets.Tx, o tickets.Outgoing, c tickets.Conversation, at time.Time) error {
	m, err := tx.Message(ctx, o.MessageID)
	if err != nil {
		return err
	}
	r := ref{tell: o.Tell}
	if o.Tell == tickets.TellAnswer {
		r.message = o.MessageID
	}
	f, err := w.gather(ctx, tx, m.TicketID, r, at) // the case may have become part of another since
	if err != nil {
		return err
	}
	proofs, err := tx.Verifications(ctx, m.TicketID)
	if err != nil {
		return err
	}
	why := "no_contact"
	if f.Account != nil && wasProven(proofs, c, f.Account.Account.No) && registered(f.Account.Account, f.Account.Account.Email, at) {
		messages, err := tx.Messages(ctx, m.TicketID)
		if err != nil {
			return err
		}
		w.address(&f, messages, f.Account.Account.Email)
		err = w.mail(ctx, tx, f, r)
		if !errors.Is(err, tickets.Conflict) && !errors.Is(err, tickets.Invalid) {
			return err
		}
		why = "no_longer_so"
	} else if f.Account != nil && wasProven(proofs, c, f.Account.Account.No) && w.canText(f, tickets.TellUnread) {
		return w.text(ctx, tx, f, tickets.TellUnread, "unread/"+strconv.FormatInt(o.ID, 10))
	}
	return tx.Append(ctx, at, result(f, map[string]any{
		"tell": string(o.Tell), "state": "left_out", "reason": why, "key": o.Key,
	}, nil))
}
