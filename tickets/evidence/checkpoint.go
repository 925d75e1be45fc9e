package evidence

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint is the state of the log that the desk signs and publishes.
type Checkpoint struct {
	// Origin names the log and is the name of the key that signs it.
	Origin string
	// Size is the number of leaves.
	Size int64
	// Root is the root hash of the tree of that size.
	Root tlog.Hash
}

// GenerateKey makes an Ed25519 key pair under a name without spaces and plus
// signs. The signer key is a secret; the verifier key,
// "name+id+base64", is what people check bundles with. A key that replaces
// another keeps the name and differs in the id.
func GenerateKey(rand io.Reader, name string) (signerKey, verifierKey string, err error) {
	signerKey, verifierKey, err = note.GenerateKey(rand, name)
	if err != nil {
		return "", "", fmt.Errorf("generate evidence key: %w", err)
	}
	if _, err := NewVerifier(verifierKey); err != nil {
		return "", "", fmt.Errorf("generate evidence key: name %q: %w", name, err)
	}
	return signerKey, verifierKey, nil
}

// NewSigner reads a signer key. The error never shows it.
func NewSigner(signerKey string) (note.Signer, error) {
	s, err := note.NewSigner(strings.TrimSpace(signerKey))
	if err != nil {
		return nil, fmt.Errorf("read signer key: %w", err)
	}
	return s, nil
}

// NewVerifier reads a verifier key; space around it does not matter.
func NewVerifier(verifierKey string) (note.Verifier, error) {
	v, err := note.NewVerifier(strings.TrimSpace(verifierKey))
	if err != nil {
		return nil, fmt.Errorf("read verifier key: %w", err)
	}
	return v, nil
}

// Text returns the checkpoint's three lines, as in the C2SP tlog-checkpoint
// form: origin, size, root in base64.
func (c Checkpoint) Text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, base64.StdEncoding.EncodeToString(c.Root[:]))
}

// SignCheckpoint returns the checkpoint as a signed note. The origin has to
// be the signer's name.
func SignCheckpoint(c Checkpoint, signer note.Signer) ([]byte, error) {
	if c.Origin != signer.Name() {
		return nil, fmt.Errorf("sign checkpoint: origin %q is not the key's name %q", c.Origin, signer.Name())
	}
	if c.Size < 0 || c.Size > maxLeaves {
		return nil, fmt.Errorf("sign checkpoint: size %d is out of range", c.Size)
	}
	msg, err := note.Sign(&note.Note{Text: c.Text()}, signer)
	if err != nil {
		return nil, fmt.Errorf("sign checkpoint: %w", err)
	}
	return msg, nil
}

// OpenCheckpoint checks the signature of a signed checkpoint with the one
// key given and returns what was signed. It refuses further signatures and
// any other spelling of the same note, so that each byte counts.
func OpenCheckpoint(msg []byte, verifier note.Verifier) (Checkpoint, error) {
	n, err := note.Open(msg, note.VerifierList(verifier))
	var unverified *note.UnverifiedNoteError
	var invalid *note.InvalidSignatureError
	switch {
	case errors.As(err, &unverified):
		return Checkpoint{}, fmt.Errorf("signed by %s, not by the key given, %s", signers(unverified.Note), keyName(verifier.Name(), verifier.KeyHash()))
	case errors.As(err, &invalid):
		return Checkpoint{}, errors.New("the signature does not match: text or signature was changed")
	case err != nil:
		return Checkpoint{}, fmt.Errorf("not a signed note: %w", err)
	}
	if len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 0 {
		return Checkpoint{}, errors.New("more than one signature")
	}
	sig := n.Sigs[0]
	if _, err := base64.StdEncoding.Strict().DecodeString(sig.Base64); err != nil {
		return Checkpoint{}, errors.New("the signature is not strict base64")
	}
	if string(msg) != n.Text+"\n\u2014 "+sig.Name+" "+sig.Base64+"\n" {
		return Checkpoint{}, fmt.Errorf("signed note: %w", errNotCanonical)
	}
	c, err := parseCheckpoint(n.Text)
	if err != nil {
		return Checkpoint{}, err
	}
	if c.Origin != verifier.Name() {
		return Checkpoint{}, fmt.Errorf("origin %q is not the key's name %q", c.Origin, verifier.Name())
	}
	return c, nil
}

func parseCheckpoint(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 {
		return Checkpoint{}, errors.New("a checkpoint has three lines: origin, size, root")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || size > maxLeaves {
		return Checkpoint{}, fmt.Errorf("checkpoint size %q is not a number in range", lines[1])
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("checkpoint root: %w", err)
	}
	c := Checkpoint{Origin: lines[0], Size: size, Root: root}
	if c.Text() != text {
		return Checkpoint{}, fmt.Errorf("checkpoint: %w", errNotCanonical)
	}
	return c, nil
}

// signers lists the keys a note claims to be signed by, shortened for people.
func signers(n *note.Note) string {
	var names []string
	for _, s := range n.UnverifiedSigs {
		names = append(names, keyName(s.Name, s.Hash))
	}
	return strings.Join(names, ", ")
}

func keyName(name string, hash uint32) string {
	return fmt.Sprintf("%.100s+%08x", name, hash)
}
