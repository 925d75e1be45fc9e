package tickets

import "time"

// received is the event of what came in: a mail, or words that somebody handed over.
func received(t Ticket, m Message, in Incoming, how, outcome string) Record {
	r := Record{
		Stream: t.Number(), Type: EventReceived, Actor: "customer",
		Data: map[string]any{
			"how": how, "outcome": outcome, "channel": string(m.Channel), "received_at": m.At.Format(time.RFC3339),
			"message": m.ID, "kind": m.Kind, "assurance": m.Assurance, "bytes": in.Bytes,
			"intents": texts(in.Understanding.Intents), "flags": texts(in.Understanding.Flags),
		},
		Private: map[string][]byte{"sender": []byte(m.Sender), "subject": []byte(m.Subject)},
	}
	if m.EnteredAt != nil {
		r.Data["entered_by"], r.Data["entered_at"] = m.EnteredBy, m.EnteredAt.Format(time.RFC3339)
		if m.EnteredReason != "" {
			r.Private["entered_reason"] = []byte(m.EnteredReason)
		}
	}
	if in.Proof != "" {
		r.Data["proof"] = in.Proof
	}
	if in.NewSubject {
		r.Data["new_subject"] = true
	}
	if m.Raw == "" {
		r.Private["text"] = in.Original // what was written down or typed in a chat has no original beside it
		return r
	}
	r.Files = map[string]File{"original": {Ref: m.Raw, Content: in.Original, Sealed: in.Sealed}}
	return r
}

func statusRecord(t Ticket, before Status, by Actor) Record {
	return Record{
		Stream: t.Number(), Type: EventStatus, Actor: string(by),
		Data: map[string]any{"from": string(before), "to": string(t.Status), "reason": t.Reason},
	}
}

func texts[T ~string](in []T) []any {
	out := make([]any, len(in))
	for i, s := range in {
		out[i] = string(s)
	}
	return out
}
