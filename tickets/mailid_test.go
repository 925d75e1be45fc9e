package tickets_test

import (
	"strings"
	"testing"

	"github.com/canceldesk/canceldesk/tickets"
)

func TestMailIDs(t *testing.T) {
	t.Parallel()
	ids := tickets.MailIDs{Key: []byte(strings.Repeat("k", 32)), Domain: "desk.example"}
	other := tickets.MailIDs{Key: []byte(strings.Repeat("x", 32)), Domain: "desk.example"}
	id := ids.ID(123, "receipt")
	if id != ids.ID(123, "receipt") || id == ids.ID(123, "answer") || id == ids.ID(124, "receipt") {
		t.Error("a mail's id is not its ticket's and key's alone")
	}
	if strings.ContainsAny(id, "<> ") || !strings.HasSuffix(id, "@desk.example") {
		t.Errorf("%s is no Message-ID", id)
	}
	for name, c := range map[string]struct {
		id   string
		want int64
	}{
		"as it was sent":                     {id, 123},
		"in brackets":                        {"<" + id + ">", 123},
		"in capitals":                        {strings.ToUpper(id), 123},
		"under another domain":               {strings.Replace(id, "desk.example", "relay.example", 1), 123},
		"with the number of another ticket":  {strings.Replace(id, "cd-000123", "cd-000124", 1), 0},
		"signed with another key":            {other.ID(123, "receipt"), 0},
		"without its signature":              {strings.Join(strings.Split(strings.Split(id, "@")[0], ".")[:2], ".") + "@desk.example", 0},
		"with another mail's signature":      {strings.Split(id, ".")[0] + "." + strings.Split(ids.ID(124, "receipt"), ".")[1] + "." + strings.SplitN(id, ".", 3)[2], 0},
		"a number alone":                     {"cd-000123@desk.example", 0},
		"a foreign id":                       {"abc@mail.example", 0},
		"no id":                              {"", 0},
		"a number that was not signed by us": {"cd-000123.a.b@desk.example", 0},
	} {
		got, ok := ids.Ticket(c.id)
		if ok != (c.want != 0) || ok && got != c.want {
			t.Errorf("%s: it is ticket %d, %t", name, got, ok)
		}
	}
}
