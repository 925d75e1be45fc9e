package evidence_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"

	"github.com/canceldesk/canceldesk/tickets/evidence"
)

func TestCheckpointComesBackAsSigned(t *testing.T) {
	t.Parallel()
	d := setup(t)
	msg := d.checkpoint(t, d.signerKey)
	verifier, err := evidence.NewVerifier(" " + d.verifierKey + "\n")
	if err != nil {
		t.Fatal(err)
	}
	got, err := evidence.OpenCheckpoint(msg, verifier)
	if err != nil {
		t.Fatal(err)
	}
	top, err := d.memory.log(t).Root()
	if err != nil {
		t.Fatal(err)
	}
	want := evidence.Checkpoint{Origin: "desk.example.com/evidence", Size: 14, Root: top}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !bytes.HasPrefix(msg, []byte("desk.example.com/evidence\n14\n"+top.String()+"\n\n— desk.example.com/evidence ")) {
		t.Errorf("not in C2SP form: %q", msg)
	}
}

func TestCheckpointRefusesOtherTextsUnderTheSameKey(t *testing.T) {
	t.Parallel()
	d := setup(t)
	signer, err := evidence.NewSigner(d.signerKey)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := evidence.NewVerifier(d.verifierKey)
	if err != nil {
		t.Fatal(err)
	}
	const origin, hash = "desk.example.com/evidence", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	for name, text := range map[string]string{
		"another origin":  "other.example.com\n1\n" + hash + "\n",
		"a leading zero":  origin + "\n01\n" + hash + "\n",
		"a negative size": origin + "\n-1\n" + hash + "\n",
		"a huge size":     origin + "\n9223372036854775807\n" + hash + "\n",
		"a short root":    origin + "\n1\nAAAA\n",
		"a loose root":    origin + "\n1\n" + strings.Replace(hash, "A=", "B=", 1) + "\n",
		"an extra line":   origin + "\n1\n" + hash + "\nmore\n",
		"a line missing":  origin + "\n1\n",
	} {
		msg, err := note.Sign(&note.Note{Text: text}, signer)
		if err != nil {
			t.Fatal(err)
		}
		if c, err := evidence.OpenCheckpoint(msg, verifier); err == nil {
			t.Errorf("%s: taken as %+v", name, c)
		}
	}
	if _, err := evidence.SignCheckpoint(evidence.Checkpoint{Origin: "other.example.com"}, signer); err == nil {
		t.Error("signed for another origin")
	}
}

func TestKeyNamesThatNoKeyCanHave(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "two words", "a+b"} {
		if _, _, err := evidence.GenerateKey(&counter{}, name); err == nil {
			t.Errorf("a key was made under the name %q", name)
		}
	}
	if _, err := evidence.NewSigner("PRIVATE+KEY+secret"); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("error %v", err)
	}
}
