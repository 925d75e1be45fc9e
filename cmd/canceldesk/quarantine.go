package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/canceldesk/canceldesk/cmd/canceldesk/config"
	"github.com/canceldesk/canceldesk/mailin"
	"github.com/canceldesk/canceldesk/tickets"
)

// rowID reads the number of a ledger row.
func rowID(arg string) (int64, error) {
	id, err := strconv.ParseInt(arg, 10, 64)
	if err != nil || id <= 0 {
		return 0, usageError{fmt.Errorf("%q is no row of the ledger: `canceldesk quarantine list` shows their numbers", arg)}
	}
	return id, nil
}

// showQuarantineCommand shows what is known of a mail that was set aside.
func (c *commands) showQuarantineCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show a mail that was set aside, with its original where that was kept", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := rowID(args[0])
			if err != nil {
				return err
			}
			begin(cmd)
			return c.withApp(cmd, func(a *app) error {
				row, err := a.db.IntakeRow(cmd.Context(), id)
				if err != nil {
					return err
				}
				if err := printRow(cmd.OutOrStdout(), true, intakeRow(row)); err != nil {
					return err
				}
				if row.Raw == "" {
					_, err := fmt.Fprintln(cmd.OutOrStdout(), "The original is on the mail server only.")
					return err
				}
				original, err := a.blobs.Open(cmd.Context(), row.Raw)
				if err != nil {
					return err
				}
				defer func() { _ = original.Close() }() // it was only read
				_, err = io.Copy(cmd.OutOrStdout(), original)
				return err
			})
		},
	}
}

// retryQuarantineCommand reads mails that were set aside once more.
func (c *commands) retryQuarantineCommand() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use: "retry ID | --all", Short: "Read a mail that was set aside once more, from its server or from what was kept", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if all == (len(args) == 1) {
				return usageError{errors.New("give the number of one mail, or --all")}
			}
			var id int64
			if !all {
				var err error
				if id, err = rowID(args[0]); err != nil {
					return err
				}
			}
			begin(cmd)
			return c.withApp(cmd, func(a *app) error {
				if all {
					return a.retakeAll(cmd.Context(), cmd.OutOrStdout())
				}
				row, err := a.retake(cmd.Context(), id)
				if err != nil {
					return err
				}
				return printRow(cmd.OutOrStdout(), true, intakeRow(row))
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "every mail that was set aside")
	return cmd
}

// retakeAll reads every mail that was set aside once more. What fails stays set aside and does not keep back the
// others.
func (a *app) retakeAll(ctx context.Context, out io.Writer) error {
	var errs []error
	for before := int64(0); ; {
		rows, err := a.db.Ledger(ctx, tickets.OutcomeQuarantined, before, 200)
		if err != nil {
			return err
		}
		for _, row := range rows {
			before = row.ID
			taken, err := a.retake(ctx, row.ID)
			if err != nil {
				errs = append(errs, fmt.Errorf("mail %d: %w", row.ID, err))
				continue
			}
			if err := printRow(out, true, intakeRow(taken)); err != nil {
				return err
			}
		}
		if len(rows) < 200 {
			return errors.Join(errs...)
		}
	}
}

// retake reads a mail that was set aside once more: from its server, or where that has it no longer from the
// original that was kept.
func (a *app) retake(ctx context.Context, id int64) (tickets.Intake, error) {
	row, err := a.db.IntakeRow(ctx, id)
	if err != nil {
		return row, err
	}
	i := slices.IndexFunc(a.config.Mailboxes, func(m config.Mailbox) bool { return m.Name == row.Place.Mailbox })
	if i < 0 {
		return row, &tickets.Error{Kind: tickets.NotFound, Msg: "There is no mailbox " + row.Place.Mailbox + " in the settings any more."}
	}
	p, err := a.poller(a.config.Mailboxes[i])
	if err != nil {
		return row, err
	}
	in, err := p.Refetch(ctx, row.Place)
	if errors.Is(err, tickets.NotFound) && row.Raw != "" {
		in, err = a.reread(ctx, p, row)
	}
	if err != nil {
		return row, err
	}
	return a.desk.Retake(ctx, id, in)
}

// reread reads what was kept of a mail.
func (a *app) reread(ctx context.Context, p *mailin.Poller, row tickets.Intake) (tickets.Incoming, error) {
	original, err := a.blobs.Open(ctx, row.Raw)
	if err != nil {
		return tickets.Incoming{}, err
	}
	defer func() { _ = original.Close() }() // it was only read
	raw, err := io.ReadAll(original)
	if err != nil {
		return tickets.Incoming{}, fmt.Errorf("read the original: %w", err)
	}
	return p.Reread(ctx, row, raw)
}
