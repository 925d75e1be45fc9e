package evidence

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Verify checks an evidence bundle of size bytes against the desk's verifier
// key, which the caller has from elsewhere: the key inside the bundle is only
// compared, never trusted. The report names everything that holds and
// everything that does not. The error is for what cannot be checked at all: a
// malformed key, or a file that is no zip.
//
// A bundle passes if, and only if, every event is the one that was logged,
// each stream is whole from its first event to the one the logged head names,
// every file is the one the head was made with, none is missing and none was
// added, and the zip is byte for byte the one WriteBundle makes of them. What a bundle cannot show is what the desk logged after the export.
func Verify(r io.ReaderAt, size int64, verifierKey string) (Report, error) {
	return verify(r, size, verifierKey, bundleLimits())
}

// verification carries what earlier checks established to later ones. A
// pointer is nil where that check failed.
type verification struct {
	report     Report
	box        container
	verifier   note.Verifier
	checkpoint *Checkpoint
	proofs     *proofs
	head       *Head
	manifest   *manifest
	events     map[string]Event
	claims     map[string][]claim
}

func verify(r io.ReaderAt, size int64, verifierKey string, lim limits) (Report, error) {
	verifier, err := NewVerifier(verifierKey)
	if err != nil {
		return Report{}, fmt.Errorf("verify bundle: %w", err)
	}
	box, wrong, err := openContainer(r, size, lim)
	if err != nil {
		return Report{}, fmt.Errorf("verify bundle: %w", err)
	}
	v := verification{box: box, verifier: verifier, events: map[string]Event{}, claims: map[string][]claim{}}
	for _, detail := range wrong {
		v.report.fail("zip", detail)
	}
	if len(wrong) == 0 {
		v.report.pass("zip", fmt.Sprintf("%d files, nothing twice, nothing hidden", len(box.names)))
	}
	v.checkCheckpoint()
	v.checkKeys(strings.TrimSpace(verifierKey))
	v.checkProofs()
	v.checkHead()
	v.checkEarlier()
	v.checkManifest()
	v.checkEvents()
	v.checkPrivate()
	v.checkFiles()
	v.checkContainer(r, size)
	return v.report, nil
}

func (v *verification) checkCheckpoint() {
	var c Checkpoint
	content, err := v.box.read(checkpointName)
	if err == nil {
		c, err = OpenCheckpoint(content, v.verifier)
	}
	detail := fmt.Sprintf("log of %d leaves, signed by %s", c.Size, keyName(v.verifier.Name(), v.verifier.KeyHash()))
	if v.report.decide("checkpoint", err, detail) {
		v.checkpoint = &c
	}
}

func (v *verification) checkKeys(verifierKey string) {
	content, err := v.box.read(keysName)
	if err == nil && string(content) != verifierKey+"\n" {
		err = fmt.Errorf("%s names another key than the one given", keysName)
	}
	v.report.decide("keys", err, "the key in the bundle is the one given")
}

func (v *verification) checkProofs() {
	var p proofs
	content, err := v.box.read(proofsName)
	if err == nil {
		if p, err = parseProofs(content); err != nil {
			err = fmt.Errorf("%s was changed: %w", proofsName, err)
		}
	}
	if v.report.decide("proofs", err, fmt.Sprintf("proofs of %d events and the head", len(p.events))) {
		v.proofs = &p
	}
}

// checkHead checks that the head is in the log; only then is what it says
// about events and files believed.
func (v *verification) checkHead() {
	err := v.needs()
	if err == nil {
		err = v.included(v.proofs.head.index, v.proofs.head.proof, func() ([]byte, error) { return v.proofs.head.leaf.Canonical() })
	}
	if err != nil {
		v.report.fail("head", err.Error())
		return
	}
	v.head = &v.proofs.head.leaf
	at, err := stamp(v.head.At)
	v.report.decide("head", err, fmt.Sprintf("logged as leaf %d, exported %s", v.proofs.head.index, at))
}

func (v *verification) checkEarlier() {
	if v.checkpoint == nil || v.proofs == nil || v.proofs.earlier == "" && len(v.proofs.extends) == 0 {
		return
	}
	earlier, err := OpenCheckpoint([]byte(v.proofs.earlier), v.verifier)
	if err == nil {
		if err = tlog.CheckTree(v.proofs.extends, v.checkpoint.Size, v.checkpoint.Root, earlier.Size, earlier.Root); err != nil {
			err = errors.New("the log is not an extension of the earlier checkpoint, or the proof was changed")
		}
	}
	v.report.decide("earlier checkpoint", err, fmt.Sprintf("the log of %d leaves only grew since", earlier.Size))
}

func (v *verification) checkManifest() {
	var m manifest
	content, err := v.box.read(manifestName)
	if err == nil {
		if m, err = parseManifest(content); err != nil {
			err = fmt.Errorf("%s was changed: %w", manifestName, err)
		}
	}
	if err == nil {
		v.manifest = &m
		for name := range m.files {
			if _, ok := v.box.files[name]; !ok {
				err = fmt.Errorf("lists file %.200q, which is missing", name)
			}
		}
	}
	if err == nil {
		if v.head == nil {
			err = errors.New("not proven, because the head is not")
		} else {
			err = m.agrees(*v.head, *v.checkpoint)
		}
	}
	v.report.decide("manifest", err, fmt.Sprintf("%d files of %s", len(m.files), strings.Join(m.streams, ", ")))
}

// checkFiles reads every file of the zip and looks for every file that
// should be in it.
func (v *verification) checkFiles() {
	for _, name := range v.box.names {
		if name == manifestName {
			continue // an item of its own
		}
		v.report.decide("file "+name, v.checkFile(name), "unchanged")
	}
	if v.head != nil {
		for _, name := range v.head.fileNames() {
			if _, ok := v.box.files[name]; !ok {
				v.report.fail("file "+name, "is missing: the logged head names it")
			}
		}
	}
	for _, name := range []string{proofsName, checkpointName, keysName} {
		if _, ok := v.box.files[name]; !ok {
			v.report.fail("file "+name, "is missing: every bundle has it")
		}
	}
}

func (v *verification) checkFile(name string) (err error) {
	want, listed, commitment := manifestFile{}, false, ""
	if v.manifest != nil {
		want, listed = v.manifest.files[name]
	}
	switch {
	case v.manifest == nil:
		return errors.New("not proven, because the manifest cannot be read")
	case !isMeta(name) && v.head == nil:
		return errors.New("not proven, because the head is not")
	case !isMeta(name):
		if commitment = v.head.Files[name]; commitment == "" {
			return errors.New("was added: the logged head does not name it")
		}
	}
	if !listed {
		return errors.New("the manifest does not list it")
	}
	var salt [32]byte
	if want.salt != "" {
		if salt, err = parseSalt(want.salt); err != nil {
			return err
		}
	}
	r, err := v.box.open(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	sum, err := digest(r, salt, v.claims[name], io.Discard)
	switch {
	case err != nil:
		return err
	case commitment != "" && sum.commitment != commitment:
		return errors.New("was changed or swapped, or its salt was: not the file the logged head names")
	case sum.sha256 != want.sha256:
		return errors.New("was changed: not the digest the manifest lists")
	case len(sum.wrong) > 0:
		return fmt.Errorf("not the content committed to by %s", strings.Join(sum.wrong, ", "))
	}
	return nil
}

// needs tells what is missing for a proof to be checked.
func (v *verification) needs() error {
	if v.checkpoint == nil {
		return errors.New("not proven, because the checkpoint is not")
	}
	if v.proofs == nil {
		return errors.New("not proven, because the proofs cannot be read")
	}
	return nil
}

// included checks one leaf against the checkpoint.
func (v *verification) included(index int64, proof tlog.RecordProof, leaf func() ([]byte, error)) error {
	line, err := leaf()
	if err != nil {
		return err
	}
	if index < 0 || index >= v.checkpoint.Size {
		return fmt.Errorf("leaf %d is not in a log of %d: the checkpoint is too old, or the proof was changed", index, v.checkpoint.Size)
	}
	if tlog.CheckRecord(proof, v.checkpoint.Size, v.checkpoint.Root, index, tlog.RecordHash(line)) != nil {
		return errors.New("is not what was logged: it was changed, or its proof was")
	}
	return nil
}
