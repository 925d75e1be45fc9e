package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestGeneratedClientDrivesAWholeCase: oapi-codegen makes a client from /openapi.json as it is served,
// and that client takes a case from its account to evidence that verifies.
func TestGeneratedClientDrivesAWholeCase(t *testing.T) {
	t.Parallel()
	d := newTestDesk(t, "")
	list, lines := members(1, time.Now())
	const password = "one long enough passphrase"
	if r := d.commandWith(password+"\n", "agents", "add", "--login", "sue", "--name", "苏", "--role", "supervisor", "--password-stdin"); r.code != 0 {
		t.Fatalf("agents add ended with %d:\n%s", r.code, r.err)
	}
	key := strings.TrimSpace(d.must("apikeys", "add", "--name", "client",
		"--scopes", "accounts:write,calls:write,tickets:read,tickets:write,refunds:read,evidence:read"))
	base := "http://" + d.start("serve").listening()
	client := generateClient(t, base)

	account := filepath.Join(d.dir, "account.json")
	if err := os.WriteFile(account, lines, 0o600); err != nil {
		t.Fatal(err)
	}
	runClient(t, client, base, key, "account", account)
	bundle := filepath.Join(d.dir, "case.zip")
	if err := os.WriteFile(bundle, runClient(t, client, base, key, "case", "T"+list[0].subscriptions[0], "sue", password), 0o600); err != nil {
		t.Fatal(err)
	}
	verifier := strings.TrimSpace(d.must("evidence", "key"))
	if out := d.must("evidence", "verify", bundle, "--key", verifier); !strings.Contains(out, "PASS  events CD-000001:") || strings.Contains(out, "FAIL") {
		t.Errorf("the evidence does not verify:\n%s", out)
	}
}

// generateClient makes the client's program from the served description, with the generator that
// .ci/openapi pins, and returns its path.
func generateClient(t *testing.T, base string) string {
	t.Helper()
	dir := t.TempDir()
	for name, from := range map[string]string{
		"go.mod": "../../.ci/openapi/go.mod", "go.sum": "../../.ci/openapi/go.sum", "main.go": "testdata/client/main.go",
	} {
		b, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/openapi.json", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	described, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "openapi.json"), described, 0o600); err != nil {
		t.Fatal(err)
	}
	inDir(t, dir, "go", "tool", "oapi-codegen", "-generate", "types,client", "-package", "main", "-o", "client.gen.go", "openapi.json")
	inDir(t, dir, "go", "build", "-o", "client", ".")
	return filepath.Join(dir, "client")
}

func runClient(t *testing.T, client string, args ...string) []byte {
	t.Helper()
	return inDir(t, filepath.Dir(client), client, args...)
}

// inDir runs a command in a folder and returns what it printed.
func inDir(t *testing.T, dir, name string, args ...string) []byte {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(name), args[0], err, errs.String())
	}
	return out.Bytes()
}
