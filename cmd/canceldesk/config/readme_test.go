package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/store/account"
)

// The settings and the account that a newcomer copies from the README must be taken as they stand.
func TestReadmeCanBeCopied(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"README.md", "README.zh-CN.md"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(filepath.Join("..", "..", "..", name))
			if err != nil {
				t.Fatal(err)
			}
			dir := write(t, map[string]string{
				"canceldesk.yaml":      copied(t, string(text), "canceldesk.yaml"),
				"mailbox-password.txt": "secret\n",
			})
			c, err := Load(filepath.Join(dir, "canceldesk.yaml"), nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string(nil), c.Check()); diff != "" {
				t.Errorf("config check (-want +got):\n%s", diff)
			}
			for line := range strings.Lines(copied(t, string(text), "accounts.jsonl")) {
				s, err := account.DecodeSync([]byte(line))
				if err != nil {
					t.Fatal(err)
				}
				if len(s.Subscriptions) != 1 || len(s.Agreements) != 1 || len(s.Charges) != 1 {
					t.Errorf("want one subscription, agreement and charge in %s", line)
				}
			}
		})
	}
}

// copied is what the README writes into the file of that name.
func copied(t *testing.T, text, file string) string {
	t.Helper()
	_, after, found := strings.Cut(text, "cat > "+file+" <<'END'\n")
	content, _, ended := strings.Cut(after, "\nEND\n")
	if !found || !ended {
		t.Fatalf("nothing is written to %s", file)
	}
	return content
}
