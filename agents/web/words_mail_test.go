package web_test

import (
	"go/ast"
	"regexp"
	"testing"

	"github.com/canceldesk/canceldesk/agents/web"
)

// TestEveryReasonOfAMailHasWords: what speaks for and against a mail's sender is read by people.
func TestEveryReasonOfAMailHasWords(t *testing.T) {
	t.Parallel()
	texts, found := web.Catalogue("zh-CN"), 0
	gaps := regexp.MustCompile(`%[a-z]`)
	inspect(t, "../../mailin", func(n ast.Node) {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return
		}
		f, ok := call.Fun.(*ast.SelectorExpr)
		side := map[string]string{"pro": "for: ", "contra": "against: ", "note": "against: "}
		if !ok || side[f.Sel.Name] == "" {
			return
		}
		if text, ok := literal(call.Args[0]); ok {
			found++
			if key := "says." + side[f.Sel.Name] + gaps.ReplaceAllString(text, "%s"); texts[key] == "" {
				t.Errorf("no words for %q", key)
			}
		}
	})
	if found < 20 {
		t.Errorf("only %d reasons found", found)
	}
}
