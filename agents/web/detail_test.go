package web_test

import (
	"go/ast"
	"go/token"
	"strings"
	"testing"

	"github.com/canceldesk/canceldesk/agents/web"
	"github.com/canceldesk/canceldesk/tickets"
)

// TestEveryDetailOfAStepIsTranslated reads what the steps and alarms say out of the program's own source: what stands
// before a gap, and the gap as the catalogue writes it.
func TestEveryDetailOfAStepIsTranslated(t *testing.T) {
	t.Parallel()
	found := 0
	check := func(e ast.Expr) {
		said := template(e)
		if said == "" {
			return
		}
		found++
		for _, lang := range []string{"zh-CN", "en"} {
			if web.Catalogue(lang)["says."+said] == "" {
				t.Errorf("%s: detail %q is not translated", lang, said)
			}
		}
	}
	for _, dir := range []string{"../runbook", "../../tickets"} {
		inspect(t, dir, func(n ast.Node) {
			switch n := n.(type) {
			case *ast.CallExpr:
				if name, ok := n.Fun.(*ast.Ident); ok && name.Name == "settle" && len(n.Args) == 5 {
					check(n.Args[4])
				}
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Detail" {
					if said := template(n.Value); strings.HasSuffix(said, ".") { // a sentence of the desk, not a channel's word
						check(n.Value)
					}
				}
			}
		})
	}
	if found < 40 {
		t.Errorf("found only %d details: this test looks at the wrong places", found)
	}
}

// template is a text with its gaps as the catalogue writes them; "" where it is no text of the desk's own.
func template(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, _ := literal(e)
		return s
	case *ast.BinaryExpr:
		if e.Op != token.ADD {
			return ""
		}
		before := template(e.X)
		if before == "" {
			return ""
		}
		if after, ok := literal(e.Y); ok {
			return before + after
		}
		return before + "%s"
	case *ast.CallExpr:
		if len(e.Args) > 0 {
			if f, ok := e.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Sprintf" {
				format, _ := literal(e.Args[0])
				return strings.ReplaceAll(format, "%d", "%s")
			}
		}
	}
	return ""
}

// TestAnAlarmSpeaksTheLanguageOfThePage: with the time as people at the desk read it.
func TestAnAlarmSpeaksTheLanguageOfThePage(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	if err := h.db.InTx(t.Context(), func(tx tickets.Tx) error {
		return tx.RaiseAlarm(t.Context(), tickets.Alarm{
			Key: "k", Kind: tickets.AlarmStopUnapplied, At: h.clock.now(),
			Detail: "The biller refused to send no more debits, and the next charge is due at 2026-03-05T06:30:00Z.",
		})
	}); err != nil {
		t.Fatal(err)
	}
	wants(t, h.get(t, h.as(t, "agent"), "/alarms").body, "计费方拒绝停止扣费，下次扣费时间：2026-03-05 14:30。")
}
