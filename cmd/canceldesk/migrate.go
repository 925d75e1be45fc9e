package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/canceldesk/canceldesk/cmd/canceldesk/config"
	"github.com/canceldesk/canceldesk/store"
)

// migrateCommand brings the schema up to this program's, and makes the keys on the first run.
func (c *commands) migrateCommand() *cobra.Command {
	return &cobra.Command{
		Use: "migrate", Short: "Bring the database's schema up to date; makes the keys on the first run", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			begin(cmd)
			cfg, err := c.settings()
			if err != nil {
				return err
			}
			db, err := store.Open(cmd.Context(), cfg.Database.URL)
			if err != nil {
				return err
			}
			version, err := migrate(cmd.Context(), db, cfg)
			if err := errors.Join(err, db.Close()); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "schema version %d, keys in %s\n", version, cfg.Keys.Dir)
			return nil
		},
	}
}

// migrate brings the schema and the keys up and returns the schema's version.
func migrate(ctx context.Context, db *store.DB, cfg config.Config) (int64, error) {
	if err := db.Migrate(ctx); err != nil {
		return 0, err
	}
	if err := db.CheckSchema(ctx); err != nil { // a newer one was left as it is
		return 0, err
	}
	if err := makeKeys(cfg.Keys.Dir, logName(cfg.HTTP.PublicURL)); err != nil {
		return 0, err
	}
	return db.SchemaVersion(ctx)
}

// configCommand checks and shows the settings.
func (c *commands) configCommand() *cobra.Command {
	check := &cobra.Command{
		Use: "check", Short: "Say everything about the settings that will not work", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			begin(cmd)
			cfg, err := c.settings()
			if err != nil {
				return err
			}
			problems := cfg.CheckServe()
			if _, err := readCalendarFile(cfg.Desk.CalendarFile); err != nil {
				problems = append(problems, err.Error())
			}
			for _, m := range cfg.Mailboxes {
				for _, file := range []string{m.IMAP.CAFile, m.SMTP.CAFile} {
					if _, err := os.Stat(file); file != "" && err != nil {
						problems = append(problems, fmt.Sprintf("mailbox %s: ca_file: %v", m.Name, err))
					}
				}
			}
			if len(problems) > 0 {
				return fmt.Errorf("%d of the settings will not work:\n  %s", len(problems), strings.Join(problems, "\n  "))
			}
			fmt.Fprintln(cmd.OutOrStdout(), "ok")
			return nil
		},
	}
	show := &cobra.Command{
		Use: "print", Short: "Print the settings as they are used, without secrets", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			begin(cmd)
			cfg, err := c.settings()
			if err != nil {
				return err
			}
			out, err := cfg.Print()
			if err != nil {
				return fmt.Errorf("print settings: %w", err)
			}
			_, err = cmd.OutOrStdout().Write(out)
			return err
		},
	}
	return group("config", "Check and print the settings", check, show)
}
