package web_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/agents"
	"github.com/canceldesk/canceldesk/agents/web"
	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

func TestBothLanguagesSayTheSame(t *testing.T) {
	t.Parallel()
	zh, en := web.Catalogue("zh-CN"), web.Catalogue("en")
	if len(zh) == 0 {
		t.Fatal("the catalogue is empty")
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(zh)), slices.Sorted(maps.Keys(en))); diff != "" {
		t.Errorf("keys differ (-zh +en):\n%s", diff)
	}
	verbs := regexp.MustCompile(`%[a-z]`)
	for key := range zh {
		if zh[key] == "" || en[key] == "" {
			t.Errorf("%s is empty", key)
		}
		if diff := cmp.Diff(verbs.FindAllString(zh[key], -1), verbs.FindAllString(en[key], -1)); diff != "" && !strings.HasPrefix(key, "time.") {
			t.Errorf("%s takes other arguments (-zh +en):\n%s", key, diff)
		}
	}
}

func TestTemplatesUseOnlyWhatIsInTheCatalogue(t *testing.T) {
	t.Parallel()
	texts := web.Catalogue("en")
	files, err := filepath.Glob("templates/*.html")
	if err != nil || len(files) == 0 {
		t.Fatalf("templates: %v %v", files, err)
	}
	text, group := regexp.MustCompile(`\bt "([^"]+)"`), regexp.MustCompile(`\bcode "([^"]+)"`)
	han := regexp.MustCompile(`\p{Han}+`)
	groups := map[string]bool{}
	for key := range texts {
		name, _, _ := strings.Cut(key, ".")
		groups[name] = true
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range text.FindAllStringSubmatch(string(b), -1) {
			if texts[m[1]] == "" {
				t.Errorf("%s says %q, which has no words", f, m[1])
			}
		}
		for _, m := range group.FindAllStringSubmatch(string(b), -1) {
			if !groups[m[1]] {
				t.Errorf("%s uses the group %q, which has no words", f, m[1])
			}
		}
		if found := han.FindAllString(string(b), -1); len(found) > 0 && !slices.Equal(found, []string{"中文"}) {
			t.Errorf("%s has words of its own: %v", f, found)
		}
	}
}

func TestEveryCodeHasWords(t *testing.T) {
	t.Parallel()
	texts := web.Catalogue("zh-CN")
	has := func(group, code string) {
		if texts[group+"."+code] == "" {
			t.Errorf("%s %q has no words", group, code)
		}
	}
	for _, x := range tickets.Statuses() {
		has("status", string(x))
	}
	for _, x := range tickets.Views() {
		has("view", string(x))
		has("empty", string(x))
	}
	for _, x := range tickets.Outcomes() {
		has("outcome", string(x))
	}
	for _, x := range tickets.StepNames() {
		has("step", string(x))
	}
	for _, x := range agents.Roles() {
		has("role", string(x))
	}
	for _, code := range constants(t, "../../tickets", "Method") {
		has("reason", code)
	}
	for _, x := range []tickets.HoldState{tickets.HoldReleased, tickets.HoldStopped, tickets.HoldExpired} {
		has("holdend", string(x))
	}
	for _, x := range []tickets.EffectKind{tickets.StopDebits, tickets.EndAgreement, tickets.SendRefund} {
		has("reason", "waiting_for_"+string(x))
	}
	for _, x := range []tickets.EffectState{tickets.EffectAboutTo, tickets.EffectPending, tickets.EffectDone, tickets.EffectRefused, tickets.EffectUnknown} {
		has("effectstate", string(x))
	}
	// Constants of the packages whose codes are shown, by the type that declares them.
	for kind, group := range map[string]string{
		"StepState": "stepstate", "Method": "method", "EffectKind": "effect", "Channel": "channel", "Direction": "direction", "Tell": "tell", "OutgoingState": "sending",
	} {
		for _, code := range constants(t, "../../tickets", kind) {
			has(group, code)
		}
	}
	for kind, group := range map[string]string{
		"RefundState": "refundstate", "Ground": "ground", "PaymentChannel": "paychannel", "AgreementState": "agreement",
		"ChargeState": "charge", "Cycle": "cycle", "AssetOutcome": "assetoutcome", "AssetSource": "source", "Mode": "mode",
	} {
		for _, code := range constants(t, "../../store/account", kind) {
			has(group, code)
		}
	}
	for _, code := range constants(t, "../../mailin", "Defect") {
		has("defect", code)
	}
	for _, code := range constants(t, "../../tickets/intent", "Intent") {
		has("intent", code)
	}
	for _, code := range constants(t, "../../tickets/intent", "Flag") {
		has("flag", code)
	}
	if _, ok := texts["mode."+string(account.Now)]; !ok {
		t.Error("no words for a quote that ends now")
	}
}

// TestEveryReasonHasWords reads the reasons and messages out of the program's own source, so that a
// new one can't reach a page without words.
func TestEveryReasonHasWords(t *testing.T) {
	t.Parallel()
	texts := web.Catalogue("zh-CN")
	reasons, messages := 0, 0
	for _, dir := range []string{"../runbook", "../../tickets", "..", "."} {
		inspect(t, dir, func(n ast.Node) {
			switch n := n.(type) {
			case *ast.CallExpr:
				if name, ok := n.Fun.(*ast.Ident); ok && name.Name == "settle" && len(n.Args) == 5 {
					if code, ok := literal(n.Args[3]); ok && code != "" {
						reasons++
						if texts["reason."+code] == "" {
							t.Errorf("reason %q has no words", code)
						}
					}
				}
				if name, ok := n.Fun.(*ast.SelectorExpr); ok && name.Sel.Name == "SetStatus" && len(n.Args) == 3 {
					if code, ok := literal(n.Args[1]); ok && texts["reason."+code] == "" {
						t.Errorf("reason %q has no words", code)
					}
				}
			case *ast.KeyValueExpr:
				key, _ := n.Key.(*ast.Ident)
				value, ok := literal(n.Value)
				if key == nil || !ok || value == "" {
					return
				}
				switch key.Name {
				case "Reason":
					if texts["reason."+value] == "" {
						t.Errorf("reason %q has no words", value)
					}
				case "Msg":
					if dir == "../runbook" {
						return // for the log
					}
					messages++
					if texts["says."+value] == "" {
						t.Errorf("message %q is not translated", value)
					}
				}
			}
		})
	}
	if reasons < 15 || messages < 15 {
		t.Errorf("found only %d reasons and %d messages: this test looks at the wrong places", reasons, messages)
	}
}

func inspect(t *testing.T, dir string, f func(ast.Node)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %v %v", dir, files, err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool { f(n); return true })
	}
}

// constants are the string values of a type's constants.
func constants(t *testing.T, dir, kind string) []string {
	t.Helper()
	var out []string
	inspect(t, dir, func(n ast.Node) {
		v, ok := n.(*ast.ValueSpec)
		if !ok || len(v.Values) == 0 {
			return
		}
		if name, ok := v.Type.(*ast.Ident); ok && name.Name == kind {
			if code, ok := literal(v.Values[0]); ok {
				out = append(out, code)
			}
		}
	})
	if len(out) == 0 {
		t.Errorf("%s has no constants of type %s", dir, kind)
	}
	return out
}

func literal(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(lit.Value)
	return s, err == nil
}
