package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/canceldesk/canceldesk/store"
	"github.com/canceldesk/canceldesk/tickets"
	"github.com/canceldesk/canceldesk/tickets/evidence"
)

// exporter writes evidence bundles.
func (a *app) exporter() store.Exporter {
	return store.Exporter{
		DB: a.db, Log: a.sequence, Blobs: a.blobs, VerifierKey: a.keys.verifier, Zone: a.desk.Settings().Zone, Now: a.now,
	}
}

// evidenceCommand exports and verifies evidence.
func (c *commands) evidenceCommand() *cobra.Command {
	return group("evidence", "Export and verify the evidence of a case / 导出与核验凭证",
		c.evidenceExportCommand(), evidenceVerifyCommand(), c.evidenceKeyCommand(), c.evidenceAuditCommand())
}

func (c *commands) evidenceExportCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use: "export NUMBER -o FILE.zip", Short: "Write a case's evidence bundle", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := tickets.ParseNumber(args[0])
			if err != nil {
				return err
			}
			if out == "" {
				return errors.New("-o FILE.zip is missing")
			}
			begin(cmd)
			return c.withApp(cmd, func(a *app) error {
				var b bytes.Buffer
				if err := a.exporter().Export(cmd.Context(), id, &b); err != nil {
					return noTicket(id, err)
				}
				// Written only once it is whole, and never over another bundle.
				f, err := os.OpenFile(out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
				if err != nil {
					return fmt.Errorf("write bundle: %w", err)
				}
				_, err = f.Write(b.Bytes())
				if err := errors.Join(err, f.Close()); err != nil {
					return fmt.Errorf("write bundle: %w", err)
				}
				fmt.Fprintln(cmd.OutOrStdout(), out)
				return nil
			})
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "the `FILE` to write; it must not exist yet")
	return cmd
}

func (c *commands) evidenceKeyCommand() *cobra.Command {
	return &cobra.Command{
		Use: "key", Short: "Print the public key that evidence is verified with", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			begin(cmd)
			cfg, err := c.settings()
			if err != nil {
				return err
			}
			keys, err := readKeys(cfg.Keys.Dir)
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), keys.verifier)
			return nil
		},
	}
}

// evidenceAuditCommand checks the whole stored log.
func (c *commands) evidenceAuditCommand() *cobra.Command {
	return &cobra.Command{
		Use: "audit", Short: "Check the whole stored log against its signed checkpoints / 全量审计", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			begin(cmd)
			return c.withApp(cmd, func(a *app) error {
				verifier, err := evidence.NewVerifier(a.keys.verifier)
				if err != nil {
					return err
				}
				got, err := a.sequence.Audit(cmd.Context(), verifier)
				if err != nil {
					return err
				}
				for _, f := range got.Findings {
					fmt.Fprintf(cmd.OutOrStdout(), "FAIL  %s: %s\n", f.Where, f.Detail)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%d events, %d leaves, %d checkpoints, %d findings\n", got.Events, got.Leaves, got.Checkpoints, len(got.Findings))
				if len(got.Findings) > 0 {
					return errors.New("the stored evidence was changed")
				}
				return nil
			})
		},
	}
}
