// Package demo holds the sample data that `canceldesk demo` starts with: the
// members of an invented platform, 星河会员 (Galaxy Club), and a month of mail
// to its service@galaxy.example. Every person, address and number in it is
// invented; all domains end in .example.
//
// The demo's "now" is the moment it is started, so nothing here is dated.
// accounts.jsonl and the headers of the mails carry tokens in double braces
// instead, which [Accounts], [Mails] and [Reply.Raw] expand:
//
//	{{day D}}                a calendar day, D days from today: 2006-01-02
//	{{at D HH:MM}}           an instant on that day, RFC 3339
//	{{ago 24h}}              an instant that long before now, RFC 3339
//	{{month D N}}            the day N months after day D, keeping the day of
//	                         the month of day D and clamping it to the last day
//	{{month D N S}}          the same, shifted by S days
//	{{month D N [S] HH:MM}}  the same as an instant, RFC 3339
//	{{date}} {{date utc}}    in mails: when it was sent, RFC 5322
//	{{stamp}}                in mails: the same as 14 digits, for Message-IDs
//	{{in_reply_to}} {{subject}}  in replies: what they answer
//
// In a mail tokens stand in the top header only, so that a body in GBK or Big5
// stays the bytes its mailer wrote. All times are those of Asia/Shanghai,
// UTC+8 without summer time since 1991.
//
// Start reading at schedule.go: it lists the mails with what the desk should
// make of each. The mails are raw RFC 5322 files with CRLF line ends; change
// them with an editor that keeps bytes.
package demo
