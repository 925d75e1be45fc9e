package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// ticketsCommand shows cases in a shell.
func (c *commands) ticketsCommand() *cobra.Command {
	return group("tickets", "The cases", c.listTicketsCommand("list"), c.showTicketCommand(), c.listTicketsCommand("export"))
}

// allViews are the views that together hold every ticket once.
var allViews = [...]tickets.View{tickets.ViewAll, tickets.ViewNotCancellation}

func (c *commands) listTicketsCommand(use string) *cobra.Command {
	var asJSON bool
	var status string
	short := "List the cases"
	if use == "export" {
		short = "Print every case, one JSON object a line"
	}
	cmd := &cobra.Command{
		Use: use, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			begin(cmd)
			return c.withApp(cmd, func(a *app) error {
				for _, view := range allViews {
					f := tickets.Filter{View: view, Status: tickets.Status(status), Limit: 200}
					for {
						page, next, err := a.db.Tickets(cmd.Context(), f)
						if err != nil {
							return err
						}
						for _, t := range page {
							row := ticketRow(t, a.desk.Settings().Zone)
							if err := printRow(cmd.OutOrStdout(), asJSON || use == "export", row, "number", "status", "reason", "intent", "account_no", "received_at", "subject"); err != nil {
								return err
							}
						}
						if next == "" {
							break
						}
						f.After = next
					}
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&status, "status", "", "only this status")
	if use == "list" {
		cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	}
	return cmd
}

// ticketRow is a ticket as the shell prints it.
func ticketRow(t tickets.Ticket, zone *time.Location) map[string]any {
	row := map[string]any{
		"number": t.Number(), "status": t.Status, "reason": t.Reason, "channel": t.Channel, "subject": t.Subject,
		"intent": t.Intent, "intents": t.Intents, "flags": t.Flags, "account_no": t.AccountNo, "candidates": t.Candidates,
		"subscription_ids": t.SubscriptionIDs, "assurance": t.Assurance, "assignee": t.Assignee, "urgent": t.Urgent,
		"received_at": t.ReceivedAt.In(zone).Format(time.RFC3339), "version": t.Version,
	}
	for name, at := range map[string]*time.Time{"next_charge_at": t.NextChargeAt, "solved_at": t.SolvedAt, "closed_at": t.ClosedAt} {
		if at != nil {
			row[name] = at.In(zone).Format(time.RFC3339)
		}
	}
	return row
}

func (c *commands) showTicketCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show NUMBER", Short: "Show one case: its steps, what was done outside, and what was said", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := tickets.ParseNumber(args[0])
			if err != nil {
				return err
			}
			begin(cmd)
			return c.withApp(cmd, func(a *app) error { return a.showTicket(cmd, id) })
		},
	}
}

// noTicket says so where err means that no ticket has the number.
func noTicket(id int64, err error) error {
	if errors.Is(err, tickets.NotFound) {
		return fmt.Errorf("there is no ticket %s: `canceldesk tickets list` shows them", tickets.Number(id))
	}
	return err
}

func (a *app) showTicket(cmd *cobra.Command, id int64) error {
	ctx, out, zone := cmd.Context(), cmd.OutOrStdout(), a.desk.Settings().Zone
	t, err := a.db.Ticket(ctx, id)
	if err != nil {
		return noTicket(id, err)
	}
	row := ticketRow(t, zone)
	for _, k := range []string{"number", "status", "reason", "intent", "account_no", "subscription_ids", "received_at", "subject"} {
		fmt.Fprintf(out, "%s: %v\n", k, row[k])
	}
	if _, steps, err := a.db.LatestRun(ctx, id); err == nil {
		for _, s := range steps {
			fmt.Fprintf(out, "step %s: %s %s %s\n", s.Name, s.State, s.Reason, s.Detail)
		}
	}
	effects, err := a.db.Effects(ctx, id)
	if err != nil {
		return err
	}
	for _, e := range effects {
		fmt.Fprintf(out, "effect %s: %s %s\n", e.Key, e.State, e.Detail)
	}
	refunds, err := a.db.Refunds(ctx, id)
	if err != nil {
		return err
	}
	for _, r := range refunds {
		fmt.Fprintf(out, "refund %s: %s %s\n", r.ID, account.Yuan(r.AmountFen), r.State)
	}
	messages, err := a.db.Messages(ctx, id)
	if err != nil {
		return err
	}
	for _, m := range messages {
		fmt.Fprintf(out, "\n%s %s %s\n%s\n", m.At.In(zone).Format(time.RFC3339), m.Direction, m.Subject, m.Text)
	}
	return nil
}

// quarantineCommand shows the mails that could not be read.
func (c *commands) quarantineCommand() *cobra.Command {
	var asJSON bool
	list := &cobra.Command{
		Use: "list", Short: "List the mails that could not be read or were too large", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			begin(cmd)
			return c.withApp(cmd, func(a *app) error {
				for _, outcome := range []tickets.Outcome{tickets.OutcomeQuarantined, tickets.OutcomeOversize} {
					var before int64
					for {
						rows, err := a.db.Ledger(cmd.Context(), outcome, before, 200)
						if err != nil {
							return err
						}
						for _, r := range rows {
							if err := printRow(cmd.OutOrStdout(), asJSON, intakeRow(r), "id", "outcome", "mailbox", "folder", "uid", "bytes", "received_at", "detail"); err != nil {
								return err
							}
							before = r.ID
						}
						if len(rows) < 200 {
							break
						}
					}
				}
				return nil
			})
		},
	}
	list.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return group("quarantine", "Mails that could not be read", list, c.showQuarantineCommand(), c.retryQuarantineCommand())
}

func intakeRow(r tickets.Intake) map[string]any {
	return map[string]any{
		"id": r.ID, "outcome": r.Outcome, "mailbox": r.Place.Mailbox, "folder": r.Place.Folder, "uid_validity": r.Place.UIDValidity,
		"uid": r.Place.UID, "bytes": r.Bytes, "received_at": r.ReceivedAt.Format(time.RFC3339), "ticket_id": r.TicketID, "detail": r.Detail,
	}
}

// refundsCommand lists refunds.
func (c *commands) refundsCommand() *cobra.Command {
	var asJSON bool
	var state string
	list := &cobra.Command{
		Use: "list", Short: "List the refunds that this desk proposed", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			begin(cmd)
			return c.withApp(cmd, func(a *app) error {
				refunds, err := a.db.AllRefunds(cmd.Context(), account.RefundState(state))
				if err != nil {
					return err
				}
				for _, r := range refunds {
					row := map[string]any{
						"id": r.ID, "ticket": tickets.Number(r.TicketID), "charge_id": r.ChargeID, "amount_fen": r.AmountFen, "state": r.State,
						"own_fault": r.OwnFault, "reason": r.Reason, "proposer": r.Proposer, "approver": r.Approver, "quote_hash": r.QuoteHash,
					}
					if err := printRow(cmd.OutOrStdout(), asJSON, row, "id", "ticket", "amount_fen", "state", "proposer", "approver"); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	list.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	list.Flags().StringVar(&state, "state", "", "only this state")
	return group("refunds", "Money on its way back", list)
}
