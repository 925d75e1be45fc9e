package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/canceldesk/canceldesk/tickets/evidence"
)

// evidenceVerifyCommand is `evidence verify FILE.zip --key PUB`. It needs no
// config and no network, prints PASS or FAIL for each thing it checked, and
// returns an error if anything failed.
func evidenceVerifyCommand() *cobra.Command {
	var key string
	cmd := &cobra.Command{
		Use:   "verify FILE.zip --key PUB",
		Short: "Check an evidence bundle offline / 离线核验凭证包",
		Long: `Checks that an evidence bundle is what the desk recorded: no event edited,
left out or moved, no file changed, added or removed.

核验凭证包是否与服务台的记录一致：事件未被修改、删除或调换，文件未被改动、增加或删除。

PUB is the desk's verifier key, or @FILE to read it from a file. Take it from
the desk itself ("canceldesk evidence key") or from where the desk publishes
it; the key inside a bundle is never trusted.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			pub, err := verifierKey(key)
			if err != nil {
				return err
			}
			// From here on the command line was right and its usage no help.
			cmd.SilenceUsage = true
			return verifyBundle(cmd.OutOrStdout(), args[0], pub)
		},
	}
	cmd.Flags().StringVar(&key, "key", "", "the desk's verifier key, or `@FILE`; see: canceldesk evidence key")
	return cmd
}

// verifierKey resolves the --key flag.
func verifierKey(flag string) (string, error) {
	if flag == "" {
		return "", errors.New(`--key is required: the desk's verifier key, printed by "canceldesk evidence key" (需要 --key：服务台的验证公钥，由 "canceldesk evidence key" 给出)`)
	}
	name, isFile := strings.CutPrefix(flag, "@")
	if !isFile {
		return flag, nil
	}
	content, err := os.ReadFile(name)
	if err != nil {
		return "", fmt.Errorf("read --key: %w", err)
	}
	return strings.TrimSpace(string(content)), nil
}

// verifyBundle prints the report on one bundle.
func verifyBundle(out io.Writer, name, key string) (err error) {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("open bundle: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("open bundle: %w", err)
	}
	report, err := evidence.Verify(f, info.Size(), key)
	if err != nil {
		return err
	}
	passed := 0
	for _, item := range report.Items {
		word := "FAIL"
		if item.OK {
			word = "PASS"
			passed++
		}
		if _, err := fmt.Fprintf(out, "%s  %s: %s\n", word, item.Name, item.Detail); err != nil {
			return fmt.Errorf("print report: %w", err)
		}
	}
	verdict := "PASS"
	if !report.OK() {
		verdict = "FAIL"
	}
	if _, err := fmt.Fprintf(out, "%s  %d passed, %d failed\n", verdict, passed, report.Failed()); err != nil {
		return fmt.Errorf("print report: %w", err)
	}
	if !report.OK() {
		return fmt.Errorf("verify bundle: %d of %d checks failed", report.Failed(), passed+report.Failed())
	}
	return nil
}
