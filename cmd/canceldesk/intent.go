package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/canceldesk/canceldesk/tickets/intent"
)

// errBadLines makes the command exit with 1 after a file of which some lines
// could not be read; each was reported with its number already.
var errBadLines = errors.New("some lines could not be read")

// intentCommand is "intent FILE.jsonl" with its subcommand "eval".
func intentCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "intent FILE.jsonl",
		Short: "Tell what messages ask for and which facts they state",
		Long: "Reads JSON Lines of id, channel, subject and text (- is standard input) and prints\n" +
			"one JSON line of id, intent, intents, flags, facts, confidence and why for each.\n" +
			"It is the same code that tickets go through and needs no configuration.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			begin(cmd)
			out := bufio.NewWriter(cmd.OutOrStdout())
			enc := json.NewEncoder(out)
			enc.SetEscapeHTML(false)
			err := eachLine(cmd, args[0], func(data []byte) error {
				line, err := intent.ParseLine(data)
				if err != nil {
					return err
				}
				return enc.Encode(intent.Understand(line.Message()).Answer(line.ID))
			})
			return errors.Join(err, out.Flush())
		},
	}
	cmd.AddCommand(intentEvalCommand())
	return cmd
}

func intentEvalCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "eval FILE.jsonl",
		Short: "Score a labelled file",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			begin(cmd)
			var set []intent.Labelled
			err := eachLine(cmd, args[0], func(data []byte) error {
				l, err := intent.ParseLabelled(data)
				if err == nil {
					set = append(set, l)
				}
				return err
			})
			if err != nil && !errors.Is(err, errBadLines) {
				return err
			}
			return errors.Join(err, intent.Measure(set).Report(cmd.OutOrStdout()))
		},
	}
}

// eachLine hands every line that is not blank to use. A line that use refuses
// is reported with its number on standard error, and the rest goes on.
func eachLine(cmd *cobra.Command, name string, use func([]byte) error) error {
	in := cmd.InOrStdin()
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return fmt.Errorf("open messages: %w", err)
		}
		defer func() { _ = f.Close() }() // it was only read
		in = f
	}
	r, bad := bufio.NewReader(in), 0
	for number := 1; ; number++ {
		data, err := r.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read messages: %w", err)
		}
		if data = bytes.TrimSpace(data); len(data) > 0 {
			if bad == 0 && number == 1 {
				data = bytes.TrimPrefix(data, []byte("\ufeff"))
			}
			if refused := use(data); refused != nil {
				bad++
				fmt.Fprintf(cmd.ErrOrStderr(), "line %d: %v\n", number, refused)
			}
		}
		if err != nil {
			break
		}
	}
	if bad > 0 {
		return fmt.Errorf("%d of the lines: %w", bad, errBadLines)
	}
	return nil
}
