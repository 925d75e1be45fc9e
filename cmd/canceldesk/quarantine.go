package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/canceldesk/canceldesk/cmd/canceldesk/config"
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

// retryQuarantineCommand reads a mail that was set aside once more.
func (c *commands) retryQuarantineCommand() *cobra.Command {
	return &cobra.Command{
		Use: "retry ID", Short: "Read a mail that was set aside once more from its server", Args: cobra.ExactArgs(1),
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
				i := slices.IndexFunc(a.config.Mailboxes, func(m config.Mailbox) bool { return m.Name == row.Place.Mailbox })
				if i < 0 {
					return &tickets.Error{Kind: tickets.NotFound, Msg: "There is no mailbox " + row.Place.Mailbox + " in the settings any more."}
				}
				p, err := a.poller(a.config.Mailboxes[i])
				if err != nil {
					return err
				}
				in, err := p.Refetch(cmd.Context(), row.Place)
				if err != nil {
					return err
				}
				if row, err = a.desk.Retake(cmd.Context(), id, in); err != nil {
					return err
				}
				return printRow(cmd.OutOrStdout(), true, intakeRow(row))
			})
		},
	}
}
