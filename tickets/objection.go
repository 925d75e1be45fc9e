package tickets

import (
	"context"
	"time"
)

// objects reports whether a reason of a status says that the customer may not want what the case does.
func objects(reason string) bool {
	return reason == ReasonWithdrawal || reason == ReasonDenied || reason == ReasonDeniedStopped
}

// object keeps what was said against the case. It outlives the status and its reason, which a reply or a
// person changes: what is done then can't be undone, so only a person who says that he knows lets it go on.
// That it was never asked for outweighs that it was taken back.
func (t *Ticket) object(reason string) {
	if objects(reason) && (reason != ReasonWithdrawal || !t.Denied()) {
		t.Objection = reason
	}
}

// objected is Conflict where the customer may have taken the request back, or its registered contact said
// that it was not his: nobody runs, accepts or releases anything then without having said that he read it.
func objected(t Ticket) error {
	switch t.Objection {
	case "":
		return nil
	case ReasonWithdrawal:
		return &Error{Kind: Conflict, Msg: "The customer may have taken the request back. Read what he wrote: then either take the request back, or confirm that the case goes on despite it."}
	}
	return &Error{Kind: Conflict, Msg: "The account's owner said that the request was not his. Nothing goes on before he is verified and somebody confirms that he wants it after all."}
}

// despite lets a case go on although something was said against it, and says so in its trail. After a
// denial that takes somebody who is verified now (Forbidden).
func (d *Desk) despite(ctx context.Context, tx Tx, t *Ticket, by Actor, at time.Time) ([]Record, error) {
	if t.Denied() {
		proofs, err := tx.Verifications(ctx, t.ID)
		if err != nil {
			return nil, err
		}
		if !present(proofs, t.AccountNo, at) {
			return nil, &Error{Kind: Forbidden, Msg: "The account's owner said that the request was not his. Verify him first: by a code, or by what only a payer knows."}
		}
	}
	r := corrected(*t, by, map[string]any{"despite": t.Objection})
	t.Objection, t.Reason = "", "resumed"
	return []Record{r, statusRecord(*t, t.Status, by)}, nil
}

// present reports whether somebody is verified now who may have debits stopped.
func present(proofs []Verification, accountNo string, at time.Time) bool {
	need := ActStop.Need(0, 0, false, false)
	for _, v := range proofs {
		if v.Scope != "" && v.Covers(Message{Scope: v.Scope, At: at}, ActStop, accountNo) >= need {
			return true
		}
	}
	return false
}
