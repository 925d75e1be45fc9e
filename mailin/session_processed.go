package mailin

import (
	"context"
	"fmt"

	"github.com/emersion/go-imap/v2"

	"github.com/canceldesk/canceldesk/tickets"
)

// Action is what becomes of a mail on its server once it is stored (setting
// mailboxes.processed.action).
type Action string

// The actions. ActionNone, the default, leaves the server's mailbox as it is.
const (
	ActionNone   Action = "none"
	ActionSeen   Action = "seen"
	ActionMove   Action = "move"
	ActionDelete Action = "delete"
)

// Processed says what becomes of stored mails. Folder is where ActionMove moves them.
type Processed struct {
	Action Action
	Folder string
}

// valid refuses what no server could do.
func (p Processed) valid() error {
	switch p.Action {
	case "", ActionNone, ActionSeen, ActionDelete:
		return nil
	case ActionMove:
		if p.Folder == "" {
			return &tickets.Error{Kind: tickets.Invalid, Msg: "processed.action is move, but processed.folder names no folder."}
		}
		return nil
	}
	return &tickets.Error{Kind: tickets.Invalid, Msg: fmt.Sprintf("processed.action is %q; it must be none, seen, move or delete.", p.Action)}
}

// changes tells whether mails leave the folder, so that the copy kept here must be safe before.
func (p Processed) changes() bool { return p.Action == ActionMove || p.Action == ActionDelete }

// writes tells whether the folder must be opened for writing.
func (p Processed) writes() bool { return p.changes() || p.Action == ActionSeen }

// Allows refuses (Invalid) an action that this server can't do safely: without MOVE (RFC 6851) or
// UIDPLUS (RFC 4315) only a plain EXPUNGE is left, which removes what others marked as well.
func (s *Session) Allows(p Processed) error {
	if err := p.valid(); err != nil {
		return err
	}
	able := true
	switch p.Action {
	case ActionMove:
		able = s.Can(imap.CapMove) || s.Can(imap.CapUIDPlus)
	case ActionDelete:
		able = s.Can(imap.CapUIDPlus)
	case ActionNone, ActionSeen:
	}
	if able {
		return nil
	}
	return &tickets.Error{Kind: tickets.Invalid, Msg: fmt.Sprintf(
		"The mail server %s can't %s single mails safely (move needs MOVE or UIDPLUS, delete UIDPLUS): set processed.action to none or seen.", s.server.address(), p.Action)}
}

// Finish does to mails of the folder, opened for writing, what is to become of them. The server must
// Allow it.
func (s *Session) Finish(ctx context.Context, p Processed, uids []uint32) error {
	if len(uids) == 0 || !p.writes() {
		return nil
	}
	set := uidSet(uids)
	err := s.do(ctx, func() error {
		switch p.Action {
		case ActionSeen:
			return s.flag(set, imap.FlagSeen)
		case ActionMove:
			_, err := s.client.Move(set, p.Folder).Wait()
			return err
		default:
			if err := s.flag(set, imap.FlagDeleted); err != nil {
				return err
			}
			return s.client.UIDExpunge(set).Close()
		}
	})
	if err != nil {
		return fmt.Errorf("%s processed mails: %w", p.Action, err)
	}
	return nil
}

func (s *Session) flag(set imap.UIDSet, flag imap.Flag) error {
	return s.client.Store(set, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{flag}}, nil).Close()
}
