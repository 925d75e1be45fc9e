package tickets

import (
	"context"
	"strconv"
	"time"
)

// ReasonMailRefused is why a case is open whose mail to the customer was refused for good.
const ReasonMailRefused = "mail_refused"

// MailRefused brings a case whose mail or text message was refused for good back into the queue and rings,
// so that somebody finds another way to the customer. A case that is closed stays so and only rings; one
// that somebody has to read first for another reason keeps that.
func MailRefused(ctx context.Context, tx Tx, t Ticket, o Outgoing, at time.Time) error {
	err := tx.RaiseAlarm(ctx, Alarm{
		Key: refusedAlarm(o.ID), Kind: AlarmMailRefused, TicketID: t.ID, Detail: string(o.Tell), At: at,
	})
	if err != nil || t.Status == Closed || t.Reason == ReasonWithdrawal {
		return err
	}
	before := t.Status
	if err := t.SetStatus(Open, ReasonMailRefused, at); err != nil {
		return err
	}
	if err := tx.SaveTicket(ctx, &t); err != nil {
		return err
	}
	return tx.Append(ctx, at, statusRecord(t, before, DeskActor))
}

func refusedAlarm(id int64) string { return "mail_refused/" + strconv.FormatInt(id, 10) }
