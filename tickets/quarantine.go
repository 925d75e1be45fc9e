package tickets

import "context"

// Retake takes in a mail that was set aside, now that it could be read. id is its row in the ledger,
// which then says what became of it. Conflict for a row that was not set aside, or where the mail
// can't be read this time either: the row stays as it is.
func (d *Desk) Retake(ctx context.Context, id int64, in Incoming) (Intake, error) {
	var row Intake
	at := d.now()
	err := d.store.InTx(ctx, func(tx Tx) (err error) {
		if row, err = tx.IntakeRow(ctx, id); err != nil {
			return err
		}
		if row.Outcome != OutcomeQuarantined || in.Refused != "" {
			return &Error{Kind: Conflict, Msg: "This mail was not set aside, or it still can't be read: " + in.Detail}
		}
		b := Batch{Mailbox: row.Place.Mailbox, Folder: row.Place.Folder, UIDValidity: row.Place.UIDValidity, Mails: []Incoming{in}}
		a, err := d.newArrivals(ctx, tx, b, at)
		if err != nil {
			return err
		}
		taken, err := a.take(ctx, in)
		if err != nil {
			return err
		}
		if err := a.save(ctx); err != nil {
			return err
		}
		taken.ID = row.ID
		row = taken
		if err := tx.SaveIntake(ctx, row); err != nil {
			return err
		}
		if err := allRead(ctx, tx, row.Place.Mailbox, at); err != nil {
			return err
		}
		return tx.Enqueue(ctx, a.jobs...)
	})
	return row, err
}
