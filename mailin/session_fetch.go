package mailin

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// headerBytes is how much of a header is fetched of a mail too large to be fetched whole.
const headerBytes = 256 << 10

// Listed is what a server tells of a mail without its content. Neither ENVELOPE nor BODYSTRUCTURE is
// ever asked for: 163.com and QQ send some that break the connection.
type Listed struct {
	UID   uint32
	Bytes int64     // RFC822.SIZE
	At    time.Time // INTERNALDATE
}

// Search lists the UIDs of the opened folder that are above after, ascending.
func (s *Session) Search(ctx context.Context, after uint32) ([]uint32, error) {
	var above imap.UIDSet
	above.AddRange(imap.UID(after)+1, 0)
	found, err := s.search(ctx, above)
	// n:* means the last mail at least, even where its UID is below n (RFC 9051, section 6.4.4).
	return slices.DeleteFunc(found, func(uid uint32) bool { return uid <= after }), err
}

// Still lists those of the UIDs that are still in the opened folder, ascending.
func (s *Session) Still(ctx context.Context, uids []uint32) ([]uint32, error) {
	return s.search(ctx, uidSet(uids))
}

func (s *Session) search(ctx context.Context, in imap.UIDSet) ([]uint32, error) {
	var found []uint32
	err := s.do(ctx, func() error {
		data, err := s.client.UIDSearch(&imap.SearchCriteria{UID: []imap.UIDSet{in}}, nil).Wait()
		if err != nil {
			return err
		}
		for _, uid := range data.AllUIDs() {
			found = append(found, uint32(uid))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}

// List tells size and date of mails of the opened folder, ascending by UID. Mails that are gone are
// left out. Together with an error it returns what had come before.
func (s *Session) List(ctx context.Context, uids []uint32) ([]Listed, error) {
	var list []Listed
	err := s.fetch(ctx, uids, &imap.FetchOptions{UID: true, RFC822Size: true, InternalDate: true}, func(item *imapclient.FetchMessageData) error {
		l := Listed{Bytes: -1}
		for part := item.Next(); part != nil; part = item.Next() {
			switch part := part.(type) {
			case imapclient.FetchItemDataUID:
				l.UID = uint32(part.UID)
			case imapclient.FetchItemDataRFC822Size:
				l.Bytes = part.Size
			case imapclient.FetchItemDataInternalDate:
				l.At = part.Time
			}
		}
		if l.UID != 0 && l.Bytes >= 0 {
			list = append(list, l)
		}
		return nil
	})
	slices.SortFunc(list, func(a, b Listed) int { return cmp.Compare(a.UID, b.UID) })
	return slices.CompactFunc(list, func(a, b Listed) bool { return a.UID == b.UID }), err
}

// Content is what a server sent of a mail. Told is the length it announced; Bytes is as long, unless
// the connection broke in the middle, or nil where more was announced than one wanted to have.
//
// A long mail lies in a file that is mapped into memory: Free gives it up, and Bytes may not be used after.
type Content struct {
	Bytes []byte
	Told  int64
	spool *spool
}

// Free gives up what a long mail holds.
func (c Content) Free() {
	if c.spool != nil {
		c.spool.free()
	}
}

// Whole tells whether everything that was announced came.
func (c Content) Whole() bool { return c.Bytes != nil && int64(len(c.Bytes)) == c.Told }

// Fetch reads mails of the opened folder, by UID, without marking them as read. A mail longer than
// limit is not read. Mails that are gone are left out. Together with an error it returns what had
// come before; a mail the error cut short is not Whole.
func (s *Session) Fetch(ctx context.Context, uids []uint32, limit int64) (map[uint32]Content, error) {
	return s.contents(ctx, uids, &imap.FetchItemBodySection{Peek: true}, limit)
}

// Header reads the header of one mail, at most 256 KiB of it.
func (s *Session) Header(ctx context.Context, uid uint32) ([]byte, error) {
	got, err := s.contents(ctx, []uint32{uid}, &imap.FetchItemBodySection{
		Specifier: imap.PartSpecifierHeader, Peek: true, Partial: &imap.SectionPartial{Size: headerBytes},
	}, headerBytes)
	if err == nil && !got[uid].Whole() {
		err = fmt.Errorf("fetch header: %w", errNoContent)
	}
	return got[uid].Bytes, err
}

func (s *Session) contents(ctx context.Context, uids []uint32, section *imap.FetchItemBodySection, limit int64) (map[uint32]Content, error) {
	got := make(map[uint32]Content, len(uids))
	err := s.fetch(ctx, uids, &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{section}}, func(item *imapclient.FetchMessageData) error {
		var uid uint32
		var content Content
		for part := item.Next(); part != nil; part = item.Next() {
			switch part := part.(type) {
			case imapclient.FetchItemDataUID:
				uid = uint32(part.UID)
			case imapclient.FetchItemDataBodySection:
				var err error
				if content, err = readContent(part.Literal, limit); err != nil {
					got[uid] = content
					return err
				}
			}
		}
		got[uid] = content
		return nil
	})
	delete(got, 0) // content that the server did not say whose it is
	return got, err
}

// readContent reads a literal of at most limit bytes. What it leaves, the library discards.
func readContent(lit imap.LiteralReader, limit int64) (Content, error) {
	if lit == nil {
		return Content{}, nil
	}
	c := Content{Told: lit.Size()}
	if c.Told > limit {
		return c, nil
	}
	if c.Told > spoolAbove {
		var err error
		if c.spool, err = newSpool(lit, c.Told); err != nil {
			err = fmt.Errorf("%d of %d bytes came: %w", len(c.spool.bytes), c.Told, err)
		}
		c.Bytes = c.spool.bytes
		return c, err
	}
	c.Bytes = make([]byte, c.Told)
	n, err := io.ReadFull(lit, c.Bytes)
	c.Bytes = c.Bytes[:n]
	if err != nil {
		return c, fmt.Errorf("%d of %d bytes came: %w", n, c.Told, err)
	}
	return c, nil
}

// fetch hands every mail that comes to each. Once each has met an error the command is not touched
// again: the library would read on in the broken literal, beside its own reader.
func (s *Session) fetch(ctx context.Context, uids []uint32, options *imap.FetchOptions, each func(*imapclient.FetchMessageData) error) error {
	err := s.do(ctx, func() error {
		cmd := s.client.Fetch(uidSet(uids), options)
		for item := cmd.Next(); item != nil; item = cmd.Next() {
			if err := each(item); err != nil {
				return err
			}
		}
		return cmd.Close()
	})
	if err != nil {
		return fmt.Errorf("fetch: %w", err)
	}
	return nil
}

func uidSet(uids []uint32) imap.UIDSet {
	var set imap.UIDSet
	for _, uid := range uids {
		set.AddNum(imap.UID(uid))
	}
	return set
}
