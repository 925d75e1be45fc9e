package dovecottest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Deliver puts a mail into a user's folder as a delivery agent does: written to tmp, then moved to new, so that the
// server sees all of it or nothing. "INBOX" is the inbox; another folder is made if it is not there. Mails get their
// UIDs in the order of delivery.
func (s *Server) Deliver(user, folder string, raw []byte) {
	s.tb.Helper()
	s.deliver(user, folder, raw, time.Time{})
}

// DeliverAt is Deliver with the INTERNALDATE that the server will tell, to the second.
func (s *Server) DeliverAt(user, folder string, raw []byte, internalDate time.Time) {
	s.tb.Helper()
	s.deliver(user, folder, raw, internalDate)
}

// Count says how many mails lie in a user's folder, read or not. A folder that is not there has none.
func (s *Server) Count(user, folder string) int {
	s.tb.Helper()
	n := 0
	for _, sub := range []string{"new", "cur"} {
		entries, err := os.ReadDir(filepath.Join(s.folder(user, folder), sub))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.tb.Fatalf("dovecottest: count mails: %v", err)
		}
		n += len(entries)
	}
	return n
}

// ForgetUIDs makes the server lose its numbering of a folder, as a restored backup does: the next SELECT tells a new
// UIDVALIDITY and counts from 1. Nobody may have the folder selected meanwhile.
func (s *Server) ForgetUIDs(user, folder string) {
	s.tb.Helper()
	for _, pattern := range []string{"dovecot-uidlist", "dovecot.index*"} {
		paths, err := filepath.Glob(filepath.Join(s.folder(user, folder), pattern))
		if err != nil {
			s.tb.Fatalf("dovecottest: find the numbering: %v", err)
		}
		for _, path := range paths {
			if err := os.Remove(path); err != nil {
				s.tb.Fatalf("dovecottest: remove the numbering: %v", err)
			}
		}
	}
}

func (s *Server) deliver(user, folder string, raw []byte, at time.Time) {
	s.tb.Helper()
	dir := s.folder(user, folder)
	if err := s.makeFolder(dir); err != nil {
		s.tb.Fatalf("dovecottest: make folder %s: %v", folder, err)
	}
	// Dovecot hands out UIDs in the order of these names, so they count up in equal width.
	name := fmt.Sprintf("%010d.desk", s.delivered.Add(1))
	if err := s.place(dir, name, raw, at); err != nil {
		s.tb.Fatalf("dovecottest: deliver to %s: %v", folder, err)
	}
}

func (s *Server) place(dir, name string, raw []byte, at time.Time) error {
	tmp := filepath.Join(dir, "tmp", name)
	if err := os.WriteFile(tmp, raw, 0o600); err != nil {
		return err
	}
	if err := s.own(tmp); err != nil {
		return err
	}
	if !at.IsZero() {
		if err := os.Chtimes(tmp, at, at); err != nil {
			return err
		}
	}
	return os.Rename(tmp, filepath.Join(dir, "new", name))
}

// makeFolder makes a maildir that is not there yet.
func (s *Server) makeFolder(dir string) error {
	err := s.mkdir(dir)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.maildir(dir)
}

// maildir makes cur, new and tmp.
func (s *Server) maildir(dir string) error {
	for _, sub := range []string{"cur", "new", "tmp"} {
		if err := s.mkdir(filepath.Join(dir, sub)); err != nil {
			return err
		}
	}
	return nil
}

// folder is where Maildir++ keeps a folder: the inbox at the top, A/B in .A.B, names in UTF-8 as configured.
func (s *Server) folder(user, name string) string {
	top := filepath.Join(s.dir, "mail", user)
	if strings.EqualFold(name, "INBOX") {
		return top
	}
	return filepath.Join(top, "."+strings.ReplaceAll(name, "/", "."))
}
