package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/canceldesk/canceldesk/agents"
	"github.com/canceldesk/canceldesk/store"
	"github.com/canceldesk/canceldesk/tickets"
)

// withPeople opens the database for a command about people and keys, which needs nothing else.
func (c *commands) withPeople(cmd *cobra.Command, f func(db *store.DB) error) error {
	begin(cmd)
	cfg, err := c.settings()
	if err != nil {
		return err
	}
	db, err := store.Open(cmd.Context(), cfg.Database.URL)
	if err != nil {
		return err
	}
	if err := db.CheckSchema(cmd.Context()); err != nil {
		return errors.Join(err, db.Close())
	}
	return errors.Join(f(db), db.Close())
}

// agentsCommand manages the people who work at the desk.
func (c *commands) agentsCommand() *cobra.Command {
	return group("agents", "The people who work at the desk",
		c.addAgentCommand(), c.listAgentsCommand(), c.disableAgentCommand(), c.passwordCommand())
}

func (c *commands) addAgentCommand() *cobra.Command {
	var login, name, role string
	var stdin bool
	cmd := &cobra.Command{
		Use: "add --login L --name N --role agent|supervisor|admin|auditor --password-stdin", Short: "Add a person", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needStdin(stdin); err != nil {
				return err
			}
			if !slices.Contains(agents.Roles(), agents.Role(role)) {
				return usageError{fmt.Errorf("--role is %q; it must be agent, supervisor, admin or auditor", role)}
			}
			return c.withPeople(cmd, func(db *store.DB) error {
				return c.addAgent(cmd.Context(), db, cmd.InOrStdin(), agents.Agent{Login: login, Name: name, Role: agents.Role(role)})
			})
		},
	}
	cmd.Flags().StringVar(&login, "login", "", "what the person logs in with")
	cmd.Flags().StringVar(&name, "name", "", "the name colleagues see")
	cmd.Flags().StringVar(&role, "role", "agent", "agent, supervisor, admin or auditor")
	cmd.Flags().BoolVar(&stdin, "password-stdin", false, "read the password's one line from standard input")
	_ = cmd.MarkFlagRequired("login")
	_ = cmd.MarkFlagRequired("name")
	return cmd
}

func needStdin(stdin bool) error {
	if !stdin {
		return usageError{errors.New("give --password-stdin and the password on standard input: a password in an argument can be read by everybody on the machine")}
	}
	return nil
}

func (c *commands) addAgent(ctx context.Context, db *store.DB, in io.Reader, a agents.Agent) error {
	hash, err := passwordFrom(ctx, in)
	if err != nil {
		return err
	}
	a.PasswordHash, a.At = hash, c.now()
	if err := db.InsertAgent(ctx, &a); err != nil {
		if errors.Is(err, tickets.Conflict) {
			return fmt.Errorf("the login %s is taken", a.Login)
		}
		return err
	}
	return nil
}

// passwordFrom reads one line and hashes it.
func passwordFrom(ctx context.Context, in io.Reader) (string, error) {
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read password: %w", err)
	}
	passwords, err := agents.NewPasswords()
	if err != nil {
		return "", err
	}
	return passwords.Hash(ctx, strings.TrimRight(line, "\r\n"))
}

func (c *commands) listAgentsCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the people", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withPeople(cmd, func(db *store.DB) error {
				list, err := db.Agents(cmd.Context())
				if err != nil {
					return err
				}
				for _, a := range list {
					row := map[string]any{"login": a.Login, "name": a.Name, "role": a.Role, "disabled": a.DisabledAt != nil}
					if err := printRow(cmd.OutOrStdout(), asJSON, row, "login", "role", "disabled", "name"); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

// printRow prints one line of a list: a JSON object, or the named columns with tabs between.
func printRow(w io.Writer, asJSON bool, row map[string]any, columns ...string) error {
	if asJSON {
		b, err := json.Marshal(row)
		if err != nil {
			return fmt.Errorf("print row: %w", err)
		}
		_, err = fmt.Fprintln(w, string(b))
		return err
	}
	cells := make([]string, len(columns))
	for i, c := range columns {
		cells[i] = fmt.Sprint(row[c])
	}
	_, err := fmt.Fprintln(w, strings.Join(cells, "\t"))
	return err
}

func (c *commands) disableAgentCommand() *cobra.Command {
	return &cobra.Command{
		Use: "disable LOGIN", Short: "Keep a person from logging in; sessions end at once", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withPeople(cmd, func(db *store.DB) error {
				a, err := db.Agent(cmd.Context(), args[0])
				if err != nil {
					return noLogin(args[0], err)
				}
				at := c.now()
				a.DisabledAt = &at
				return db.SaveAgent(cmd.Context(), a)
			})
		},
	}
}

func noLogin(login string, err error) error {
	if errors.Is(err, tickets.NotFound) {
		return fmt.Errorf("there is no login %s: `canceldesk agents list` shows them", login)
	}
	return err
}

func (c *commands) passwordCommand() *cobra.Command {
	var stdin bool
	cmd := &cobra.Command{
		Use: "passwd LOGIN --password-stdin", Short: "Set a person's password; sessions end at once", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := needStdin(stdin); err != nil {
				return err
			}
			return c.withPeople(cmd, func(db *store.DB) error {
				a, err := db.Agent(cmd.Context(), args[0])
				if err != nil {
					return noLogin(args[0], err)
				}
				if a.PasswordHash, err = passwordFrom(cmd.Context(), cmd.InOrStdin()); err != nil {
					return err
				}
				return db.SaveAgent(cmd.Context(), a)
			})
		},
	}
	cmd.Flags().BoolVar(&stdin, "password-stdin", false, "read the password's one line from standard input")
	return cmd
}

// keysCommand manages the API keys of machines.
func (c *commands) keysCommand() *cobra.Command {
	var name, scopes string
	add := &cobra.Command{
		Use: "add --name N --scopes a,b", Short: "Make a key; it is printed once and kept as a hash only", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list := strings.Split(scopes, ",")
			for i := range list {
				list[i] = strings.TrimSpace(list[i])
				if !slices.Contains(agents.Scopes(), list[i]) {
					return usageError{fmt.Errorf("there is no scope %q. There are: %s", list[i], strings.Join(agents.Scopes(), ", "))}
				}
			}
			return c.withPeople(cmd, func(db *store.DB) error {
				key, err := c.addKey(cmd.Context(), db, name, list)
				if err != nil {
					return err
				}
				fmt.Fprintln(cmd.OutOrStdout(), key)
				return nil
			})
		},
	}
	add.Flags().StringVar(&name, "name", "", "what the key is for")
	add.Flags().StringVar(&scopes, "scopes", "", "what it may do, such as tickets:read,evidence:read")
	_ = add.MarkFlagRequired("name")
	_ = add.MarkFlagRequired("scopes")
	var asJSON bool
	list := &cobra.Command{
		Use: "list", Short: "List the keys, without the keys themselves", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withPeople(cmd, func(db *store.DB) error {
				keys, err := db.Keys(cmd.Context())
				if err != nil {
					return err
				}
				for _, k := range keys {
					row := map[string]any{"id": k.ID, "name": k.Name, "scopes": k.Scopes, "revoked": k.RevokedAt != nil}
					if err := printRow(cmd.OutOrStdout(), asJSON, row, "id", "name", "scopes", "revoked"); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	list.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return group("apikeys", "The API keys of machines", add, list, c.revokeKeyCommand())
}

func (c *commands) revokeKeyCommand() *cobra.Command {
	return &cobra.Command{
		Use: "revoke ID", Short: "End a key", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withPeople(cmd, func(db *store.DB) error {
				keys, err := db.Keys(cmd.Context())
				if err != nil {
					return err
				}
				i := slices.IndexFunc(keys, func(k agents.Key) bool { return strconv.FormatInt(k.ID, 10) == args[0] })
				if i < 0 {
					return fmt.Errorf("there is no key %s: `canceldesk apikeys list` shows them", args[0])
				}
				at := c.now()
				keys[i].RevokedAt = &at
				return db.SaveKey(cmd.Context(), keys[i])
			})
		},
	}
}

// addKey makes an API key and returns it.
func (c *commands) addKey(ctx context.Context, db *store.DB, name string, scopes []string) (string, error) {
	key, hash, err := agents.NewKey(rand.Reader)
	if err != nil {
		return "", err
	}
	return key, db.InsertKey(ctx, &agents.Key{Name: name, Scopes: scopes, Hash: hash, At: c.now()})
}
