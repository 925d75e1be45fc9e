package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/tickets"
)

// evidence gives the ticket's bundle.
func (s *Server) evidence(c echo.Context) error {
	id, err := ticketID(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	if _, err := s.desk.Reader().Ticket(ctx, id); err != nil {
		return err
	}
	b, err := s.bundle(ctx, id)
	if err != nil {
		return err
	}
	defer b.Close()
	h := c.Response().Header()
	h.Set("Content-Security-Policy", filePolicy)
	h.Set(echo.HeaderContentDisposition, disposition(tickets.Number(id)+".zip"))
	return c.Stream(http.StatusOK, "application/zip", b)
}

// bundle writes the whole bundle before the first byte of it is answered, so that one that can't be
// finished is an error and never half a file. Closing it removes it.
func (s *Server) bundle(ctx context.Context, id int64) (io.ReadCloser, error) {
	f, err := os.CreateTemp("", "canceldesk-evidence-*.zip")
	if err != nil {
		return nil, fmt.Errorf("evidence file: %w", err)
	}
	b := spool{f}
	if err := s.cfg.Evidence.Export(ctx, id, f); err != nil {
		return nil, errors.Join(fmt.Errorf("export evidence: %w", err), b.Close())
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, errors.Join(fmt.Errorf("evidence file: %w", err), b.Close())
	}
	return b, nil
}

// spool is a temporary file that is gone once it is closed.
type spool struct{ *os.File }

// Close closes and removes the file.
func (s spool) Close() error { return errors.Join(s.File.Close(), os.Remove(s.Name())) }
