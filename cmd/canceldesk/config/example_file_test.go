package config

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

// exampleFile is what people copy their settings from.
const exampleFile = "../../../config.example.yaml"

func TestExampleFile(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(filepath.FromSlash(exampleFile))
	if err != nil {
		t.Fatal(err)
	}
	t.Run("is what the program does without settings", func(t *testing.T) {
		t.Parallel()
		if diff := cmp.Diff(Default(), parse(t, string(raw))); diff != "" {
			t.Errorf("config.example.yaml is not the defaults (-default +example):\n%s", diff)
		}
	})
	t.Run("has every setting in the order of the code", func(t *testing.T) {
		t.Parallel()
		var doc yaml.Node
		if err := yaml.Unmarshal(raw, &doc); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(settingNames(reflect.TypeFor[Config](), ""), keyNames(doc.Content[0], "")); diff != "" {
			t.Errorf("settings (-code +example):\n%s", diff)
		}
	})
	t.Run("has no secret", func(t *testing.T) {
		t.Parallel()
		c := parse(t, string(raw))
		for _, s := range c.secrets() {
			if *s.value != "" || *s.file != "" {
				t.Errorf("%s is set", s.name)
			}
		}
	})
	t.Run("says something of every group", func(t *testing.T) {
		t.Parallel()
		var doc yaml.Node
		if err := yaml.Unmarshal(raw, &doc); err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(doc.Content[0].Content); i += 2 {
			if key := doc.Content[0].Content[i]; key.HeadComment == "" {
				t.Errorf("line %d: nothing is said of %s", key.Line, key.Value)
			}
		}
	})
}

// settingNames are the names of all settings below a group, in their order.
func settingNames(t reflect.Type, path string) []string {
	if t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	var names []string
	for f := range t.Fields() {
		name := path + "/" + f.Tag.Get("koanf")
		names = append(append(names, name), settingNames(f.Type, name)...)
	}
	return names
}

// keyNames are the names of all keys of a YAML mapping, in their order.
func keyNames(n *yaml.Node, path string) []string {
	var names []string
	switch n.Kind {
	case yaml.SequenceNode:
		for _, entry := range n.Content {
			names = append(names, keyNames(entry, path)...)
		}
	case yaml.MappingNode:
		for i := 0; i < len(n.Content); i += 2 {
			name := path + "/" + n.Content[i].Value
			names = append(append(names, name), keyNames(n.Content[i+1], name)...)
		}
	}
	return names
}
