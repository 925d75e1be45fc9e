package demo

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Mail is one sample mail as the mailbox of service@galaxy.example holds it.
type Mail struct {
	// Name is the file's name without its ending, such as 14-bare-td.
	Name string
	// Ago is how long before the demo's start the mail arrived. It is positive.
	Ago time.Duration
	// Account is the account_no whose registered address the From line shows,
	// rightly or not. It is empty for strangers and machines.
	Account string
	// Raw is the whole mail, RFC 5322 with CRLF line ends, in the charset its
	// mailer chose.
	Raw []byte
	// Expect says in one line what the desk should do with it.
	Expect string
}

// Mails returns the mails of the 30 days before now in order of arrival. They
// arrive on weekdays in working hours, but for those of the last day. Public
// holidays are not looked at. A demo that believes Authentication-Results of
// mx.galaxy.example sees every member's mail as authenticated except the two
// spoofed ones.
func Mails(now time.Time) ([]Mail, error) {
	now = now.In(zone())
	var mails []Mail
	for _, a := range schedule() {
		at, err := a.moment(now)
		if err != nil {
			return nil, fmt.Errorf("date sample mail %s: %w", a.name, err)
		}
		raw, err := files.ReadFile("mails/" + a.name + ".eml")
		if err != nil {
			return nil, fmt.Errorf("read sample mail: %w", err)
		}
		raw, err = expandHeader(raw, func(token string) (string, error) { return mailToken(at, token) })
		if err != nil {
			return nil, fmt.Errorf("date sample mail %s: %w", a.name, err)
		}
		mails = append(mails, Mail{Name: a.name, Ago: now.Sub(at), Account: a.account, Raw: raw, Expect: a.expect})
	}
	slices.SortStableFunc(mails, func(a, b Mail) int { return cmp.Compare(b.Ago, a.Ago) })
	return mails, nil
}

// arrival is one line of the schedule: either days ago at a time of day, or so
// long ago.
type arrival struct {
	name    string
	days    int
	clock   string
	ago     time.Duration
	account string
	expect  string
}

// moment is when the mail arrives for a demo that starts at now. A Saturday or
// Sunday becomes the Friday before.
func (a arrival) moment(now time.Time) (time.Time, error) {
	if a.ago > 0 {
		return now.Add(-a.ago), nil
	}
	day := dayFrom(now, -a.days)
	switch day.Weekday() {
	case time.Saturday:
		day = day.AddDate(0, 0, -1)
	case time.Sunday:
		day = day.AddDate(0, 0, -2)
	}
	return clockOn(day, a.clock)
}
