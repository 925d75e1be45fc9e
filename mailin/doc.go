// Package mailin brings mail into the desk, each mail once.
//
// It has two halves. One understands a mail and is pure: [Parse] turns any bytes into something a
// person can read, [Fingerprint] says whether two mails are the same one, [Authenticate] judges how
// far the sender may be believed. The other fetches: [Session] is one connection to an IMAP server,
// and [Poller] goes through a mailbox's folders and hands over what is new.
//
// A newcomer starts at [Poller.PollOnce] and follows a mail:
//
//	lease.go          one process at a time reads a mailbox, and its fence goes with every write
//	folder_fetch.go   what is behind the cursor comes in hauls; a mail that breaks the connection
//	                  three times is set aside
//	intake.go         the originals are kept, on the disk, while the mails are parsed
//	folder.go         a batch, its ledger rows and the cursor are stored in one transaction
//	poller_run.go     and again, when the server tells of new mail or a minute has passed
//
// Crash anywhere: the cursor stands where the last stored batch ended, so the rest is fetched again.
package mailin
