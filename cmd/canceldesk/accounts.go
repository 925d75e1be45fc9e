package main

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// accountsCommand takes in accounts from a file.
func (c *commands) accountsCommand() *cobra.Command {
	return group("accounts", "Take in accounts", &cobra.Command{
		Use: "import FILE", Short: "Take in accounts, one JSON object a line (- for standard input)", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.importLines(cmd, args[0], func(ctx context.Context, a *app, line []byte) (bool, error) {
				s, err := account.DecodeSync(line)
				if err != nil {
					return false, err
				}
				return a.putAccount(ctx, s)
			})
		},
	})
}

// chargesCommand takes in charges from a file.
func (c *commands) chargesCommand() *cobra.Command {
	return group("charges", "Take in charges", &cobra.Command{
		Use: "import FILE", Short: "Take in charges, one JSON object a line (- for standard input)", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.importLines(cmd, args[0], func(ctx context.Context, a *app, line []byte) (bool, error) {
				ch, err := account.DecodeCharge(line)
				if err != nil {
					return false, err
				}
				taken, err := a.putCharges(ctx, []account.Charge{ch})
				if err != nil {
					return false, err
				}
				return taken[0].Created, taken[0].Err
			})
		},
	})
}

// putAccount stores an account, registers what lives in the ledger with it, and opens a case for a
// charge in it that should not be. It reports whether the account is new.
func (a *app) putAccount(ctx context.Context, s account.Sync) (bool, error) {
	snap, created, err := a.db.PutAccount(ctx, s, a.hashID, a.now())
	if err != nil {
		return false, err
	}
	if err := a.ledger.Register(ctx, snap.Agreements, snap.Charges); err != nil {
		return created, err
	}
	_, err = a.desk.Guard(ctx, s.AccountNo)
	return created, err
}

// putCharges takes in charges and registers those that live in the ledger with it.
func (a *app) putCharges(ctx context.Context, charges []account.Charge) ([]tickets.TakenCharge, error) {
	taken, err := a.desk.TakeCharges(ctx, charges)
	if err != nil {
		return nil, err
	}
	var kept []account.Charge
	for i, c := range charges {
		if taken[i].Err == nil {
			kept = append(kept, c)
		}
	}
	return taken, a.ledger.Register(ctx, nil, kept)
}

// hashID is the keyed hash an ID number is kept as.
func (a *app) hashID(id string) string {
	h := hmac.New(sha256.New, a.keys.codes)
	h.Write([]byte("national-id\x00" + id))
	return hex.EncodeToString(h.Sum(nil))
}

// longestLine bounds one line of an import.
const longestLine = 8 << 20

// importLines reads a file line by line. A bad line is reported with its number and the rest goes in;
// any bad line makes the command fail in the end.
func (c *commands) importLines(cmd *cobra.Command, path string, put func(context.Context, *app, []byte) (bool, error)) error {
	begin(cmd)
	in := io.NopCloser(cmd.InOrStdin())
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("read import: %w", err)
		}
		in = f
	}
	defer in.Close()
	return c.withApp(cmd, func(a *app) error {
		var created, updated, bad, number int
		lines := bufio.NewScanner(in)
		lines.Buffer(nil, longestLine)
		for lines.Scan() {
			number++
			if len(lines.Bytes()) == 0 {
				continue
			}
			isNew, err := put(cmd.Context(), a, lines.Bytes())
			switch {
			case cmd.Context().Err() != nil:
				return cmd.Context().Err()
			case err != nil:
				bad++
				fmt.Fprintf(cmd.ErrOrStderr(), "line %d: %s\n", number, people(err))
			case isNew:
				created++
			default:
				updated++
			}
		}
		if err := lines.Err(); err != nil {
			return fmt.Errorf("read import after line %d: %w", number, err)
		}
		fmt.Fprintf(cmd.OutOrStdout(), `{"created":%d,"updated":%d,"bad":%d}`+"\n", created, updated, bad)
		if bad > 0 {
			return fmt.Errorf("%d of %d lines were not taken in", bad, number)
		}
		return nil
	})
}

// people is the part of an error that may be shown to people.
func people(err error) string {
	var e *tickets.Error
	if errors.As(err, &e) {
		return e.Msg
	}
	return err.Error()
}

// withApp opens the app for one command and closes it.
func (c *commands) withApp(cmd *cobra.Command, f func(a *app) error) error {
	cfg, err := c.settings()
	if err != nil {
		return err
	}
	a, err := open(cmd.Context(), cfg, c.now, c.log())
	if err != nil {
		return err
	}
	return errors.Join(f(a), a.Close())
}
