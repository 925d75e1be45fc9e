package mailin

import (
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
)

// corpus is a folder of foreign mails with what their own projects expect;
// its tests are skipped, visibly, where the folder is not named.
type corpus struct {
	dir   string
	mails []string // paths of whole messages below dir
}

func openCorpus(t testing.TB) corpus {
	t.Helper()
	c := corpus{dir: os.Getenv("CANCELDESK_CORPUS")}
	if c.dir == "" {
		t.Skip("CANCELDESK_CORPUS does not name the folder of foreign mails")
	}
	err := filepath.WalkDir(c.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(c.dir, path)
		if err != nil {
			return err
		}
		if strings.Contains(rel, string(filepath.Separator)) && !strings.HasPrefix(rel, "body-text") && !strings.Contains(filepath.Base(rel), ".expected.") {
			c.mails = append(c.mails, rel)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	sort.Strings(c.mails)
	return c
}

func (c corpus) read(t testing.TB, rel string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(c.dir, rel))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
