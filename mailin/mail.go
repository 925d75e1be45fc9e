// Understanding a mail is pure, bytes in and values out, without a clock and
// without a network (name look-ups are handed in): Parse turns any bytes
// whatsoever into something a person can read, Fingerprint says whether two
// mails are the same one, AttachmentContent gives the content of one
// attachment, and Authenticate judges how far the sender may be believed.

package mailin

import "time"

// Kind says what sort of sender wrote a mail; only a message asks for something.
type Kind string

// The kinds of mail.
const (
	KindMessage   Kind = "message"    // written by a person, or not known to be anything else
	KindAutoReply Kind = "auto_reply" // sent by a machine in answer (RFC 3834), receipts and reports included
	KindBounce    Kind = "bounce"     // says that a mail of ours did not arrive (RFC 3464 and looser forms)
	KindList      Kind = "list"       // came through a mailing list or a newsletter (RFC 2919, RFC 2369)
	KindOwn       Kind = "own"        // our own mail come back: a loop
)

// Address is one mailbox. Address is bare ("name@example.com", no brackets),
// its domain in lower case; Name is decoded and may be empty. A mailbox
// without a usable address keeps whatever was written in Address.
type Address struct {
	Name, Address string
}

// Attachment describes a leaf of a mail that is not the shown body. Bytes is
// its size once decoded, Type its media type in lower case, ContentID bare.
// Inline is true for what the sender wanted shown in place.
type Attachment struct {
	Name, Type string
	Bytes      int64
	ContentID  string
	Inline     bool
}

// Bounce is what a bounce tells about our mail, as far as it says so.
type Bounce struct {
	OriginalMessageID string // no brackets, "" when not told
	Recipient         string // bare address, "" when not told
	Status            string // RFC 3463 code such as "5.1.1", "" when not told
	Permanent         bool   // the mail never arrives; false while its server goes on trying
}

// Mail is what the desk understands of a raw mail. Every string is valid
// UTF-8 with line feeds only. Missing things are zero values and named in
// Defects, each of which starts with a stable code, followed by ": " and a
// short detail where there is one.
type Mail struct {
	MessageID             string
	InReplyTo, References []string
	From                  []Address
	Sender, ReplyTo       []Address
	To, Cc                []Address
	Subject               string
	Date                  time.Time // zero when missing or unreadable

	Text   string // the new text only
	Quoted string // quoted history, forwarded block and signature, in their order
	HTML   string // sanitised, "" when the mail has none

	Attachments []Attachment
	Kind        Kind
	Bounce      *Bounce // only for KindBounce
	Defects     []string

	tags       []string // what stands behind the plus in those of our own addresses that the mail came to
	fromFields int      // how many From header fields the mail has
	fromRaw    string   // the first one as written, unfolded
	fromGroup  bool     // From names a group (RFC 6854)
}

// Options adjusts Parse. The zero value is usable; limits that are zero take
// the defaults named beside them.
type Options struct {
	OwnAddresses   []string          // addresses we send from, bare; compared without case
	IsOurMessageID func(string) bool // tells a Message-ID that we made; nil knows none
	CIDPrefix      string            // what replaces "cid:" in the HTML; "" leaves cid: as it is

	MaxDepth       int // nesting of multiparts, 32
	MaxParts       int // parts in all, 1,000
	MaxHeaderBytes int // of one header block, 2 MiB
	MaxTextBytes   int // of text and of HTML, 4 MiB each
}

func (o Options) withDefaults() Options {
	for _, l := range []struct {
		v *int
		d int
	}{{&o.MaxDepth, 32}, {&o.MaxParts, 1000}, {&o.MaxHeaderBytes, 2 << 20}, {&o.MaxTextBytes, 4 << 20}} {
		if *l.v <= 0 {
			*l.v = l.d
		}
	}
	return o
}
