package reply_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// phoneOnly takes the member's address away and gives a phone.
func (b *bundle) phoneOnly(t *testing.T, changed *time.Time) {
	t.Helper()
	err := b.Conn().WithContext(t.Context()).Model(&account.Account{}).Where("account_no = ?", "u1001").
		Updates(map[string]any{"email": "", "phone": "13800000000", "contact_changed_at": changed}).Error
	if err != nil {
		t.Fatal(err)
	}
	err = b.Conn().WithContext(t.Context()).Table("tickets").Where("id = ?", b.ticket.ID).
		Updates(map[string]any{"requester": "call/1", "channel": "phone"}).Error
	if err != nil {
		t.Fatal(err)
	}
}

func TestOutcomeGoesToThePhoneWhereThereIsNoAddress(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.phoneOnly(t, nil)
	b.mustTell(t, b.ticket.ID, "cancel_outcome")
	b.mustTell(t, b.ticket.ID, "cancel_outcome")
	out := b.outbox(t, b.ticket.ID)
	if len(out) != 1 || out[0].Channel != tickets.BySMS || out[0].Recipient != "13800000000" || out[0].Tell != tickets.TellCancelOutcome {
		t.Fatalf("outbox: %+v", out)
	}
	var body tickets.TextBody
	if err := json.Unmarshal(out[0].Raw, &body); err != nil {
		t.Fatal(err)
	}
	if body.Template != "T-2" || body.Params["number"] != b.ticket.Number() || !strings.HasPrefix(body.Params["link"], "https://desk.example.com/c/") {
		t.Errorf("text message: %+v", body)
	}
	if strings.Contains(string(out[0].Raw), "黄金会员") {
		t.Error("it tells what the account holds")
	}
}

func TestNothingIsTextedThatIsNotSo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.phoneOnly(t, nil)
	if err := b.Conn().WithContext(t.Context()).Exec("UPDATE effects SET state = 'refused'").Error; err != nil {
		t.Fatal(err)
	}
	if err := b.Conn().WithContext(t.Context()).Exec("UPDATE agreements SET state = 'active', ended_at = NULL").Error; err != nil {
		t.Fatal(err)
	}
	if done, err := b.tell(t, b.ticket.ID, "cancel_outcome"); done || !errors.Is(err, tickets.Conflict) {
		t.Errorf("an outcome that is not so: done %v, %v", done, err)
	}
	if out := b.outbox(t, b.ticket.ID); len(out) != 0 {
		t.Errorf("outbox: %+v", out)
	}
}

func TestNothingIsTextedToAPhoneThatJustChanged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	changed := b.now.Add(-time.Hour)
	b.phoneOnly(t, &changed)
	if done, err := b.tell(t, b.ticket.ID, "cancel_outcome"); done || err == nil {
		t.Errorf("done %v, %v", done, err)
	}
}
