package evidence

import (
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// bundleVersion is the version of the bundle's form.
const bundleVersion = 1

// manifest is the table of contents: what the bundle is about, and for every
// file but itself the plain digest and, where the head covers it, the salt of
// its commitment.
type manifest struct {
	at      time.Time
	origin  string
	streams []string
	files   map[string]manifestFile
}

type manifestFile struct {
	salt   string // hex, empty for a file the head does not cover
	sha256 string
}

type manifestWire struct {
	At      string                      `json:"at"`
	Files   map[string]manifestFileWire `json:"files"`
	Origin  string                      `json:"origin"`
	Streams []string                    `json:"streams"`
	Version int64                       `json:"version"`
}

type manifestFileWire struct {
	Salt   string `json:"salt"`
	SHA256 string `json:"sha256"`
}

func (m manifest) canonical() ([]byte, error) {
	files := map[string]any{}
	for name, f := range m.files {
		files[name] = map[string]any{"salt": f.salt, "sha256": f.sha256}
	}
	line, err := canonical(map[string]any{
		"at": m.at, "files": files, "origin": m.origin, "streams": m.streams, "version": bundleVersion,
	})
	if err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	return append(line, '\n'), nil
}

func parseManifest(content []byte) (manifest, error) {
	var w manifestWire
	var m manifest
	err := decodeStrict(content, &w, func() ([]byte, error) {
		if w.Version != bundleVersion {
			return nil, fmt.Errorf("bundle version %d, this program reads %d", w.Version, bundleVersion)
		}
		at, err := parseStamp(w.At)
		if err != nil {
			return nil, err
		}
		m = manifest{at: at, origin: w.Origin, streams: w.Streams, files: map[string]manifestFile{}}
		for name, f := range w.Files {
			if !isDigest(f.SHA256) || isMeta(name) != (f.Salt == "") || !isMeta(name) && !isDigest(f.Salt) {
				return nil, fmt.Errorf("file %.200q: malformed salt or digest", name)
			}
			m.files[name] = manifestFile{salt: f.Salt, sha256: f.SHA256}
		}
		return m.canonical()
	})
	if err != nil {
		return manifest{}, err
	}
	return m, nil
}

// manifest fills the table for a draft; digests of the files that prove the
// others are added by the caller.
func (d Draft) manifest(origin string) manifest {
	m := manifest{at: d.Head.At, origin: origin, streams: d.Head.streamNames(), files: map[string]manifestFile{}}
	for name, fd := range d.digests {
		m.files[name] = manifestFile{salt: hex.EncodeToString(fd.salt[:]), sha256: fd.sha256}
	}
	return m
}

// agrees tells whether the table describes the export that head and
// checkpoint are about.
func (m manifest) agrees(h Head, c Checkpoint) error {
	at, err := stamp(m.at)
	if err != nil {
		return err
	}
	headAt, err := stamp(h.At)
	if err != nil {
		return err
	}
	switch {
	case at != headAt:
		return fmt.Errorf("time %s is not that of the logged head, %s", at, headAt)
	case m.origin != c.Origin:
		return fmt.Errorf("origin %.100q is not that of the checkpoint, %q", m.origin, c.Origin)
	case fmt.Sprintf("%q", m.streams) != fmt.Sprintf("%q", h.streamNames()):
		return errors.New("the streams are not those of the logged head")
	}
	return nil
}
