package main

import (
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/canceldesk/canceldesk/cmd/canceldesk/config"
)

// environment is everything a command takes from the process it runs in.
type environment struct {
	args    []string
	environ []string
	in      io.Reader
	out     io.Writer // results
	err     io.Writer // logs and errors
	now     func() time.Time
}

// getenv returns the variable's value, "" where it is not set.
func (e environment) getenv(name string) string {
	for _, v := range e.environ {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

// log writes to stderr.
func (e environment) log() *slog.Logger { return slog.New(slog.NewTextHandler(e.err, nil)) }

// usageError marks an error in the words of the command line.
type usageError struct{ error }

// commands share the environment and the --config flag.
type commands struct {
	environment
	configPath string
}

func rootCommand(e environment) *cobra.Command {
	c := &commands{environment: e}
	root := &cobra.Command{
		Use:   "canceldesk",
		Short: "A desk that ends subscriptions properly",
		Long: "A desk that ends subscriptions properly: it takes every request to stop, makes it one ticket,\n" +
			"and carries it through the same standard steps every time, with proof.\n\n" +
			"Start with `canceldesk demo`. Then write a canceldesk.yaml, run `canceldesk config check`,\n" +
			"`canceldesk migrate`, `canceldesk agents add` and `canceldesk serve`.",
		SilenceErrors: true,
	}
	path := e.getenv("CANCELDESK_CONFIG")
	if path == "" {
		path = "canceldesk.yaml"
	}
	root.PersistentFlags().StringVar(&c.configPath, "config", path, "settings file ($CANCELDESK_CONFIG)")
	root.AddCommand(
		c.demoCommand(), c.simulatorCommand(), c.serveCommand(), c.pollCommand(), c.workCommand(), c.migrateCommand(), c.configCommand(),
		c.agentsCommand(), c.keysCommand(), c.accountsCommand(), c.chargesCommand(), c.ticketsCommand(),
		c.quarantineCommand(), c.refundsCommand(), c.calendarCommand(), c.evidenceCommand(), mailCommand(), intentCommand(),
	)
	return root
}

// settings reads the settings file and the environment.
func (c *commands) settings() (config.Config, error) {
	return config.Load(c.configPath, c.environ)
}

// begin marks that the words of the command line were right and the work begins.
func begin(cmd *cobra.Command) { cmd.SilenceUsage = true }

// group is a command that only holds others.
func group(use, short string, subs ...*cobra.Command) *cobra.Command {
	g := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		return cmd.Help()
	}}
	g.AddCommand(subs...)
	return g
}

// hostName names this process where it holds a lease.
func hostName() string {
	name, err := os.Hostname()
	if err != nil {
		return "canceldesk"
	}
	return name
}
