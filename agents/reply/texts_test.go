package reply

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"text/template/parse"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/tickets"
)

// tells are all mails there are.
func tells() []tickets.Tell {
	return []tickets.Tell{
		tickets.TellReceipt, tickets.TellNeutral, tickets.TellQuestion, tickets.TellMissing,
		tickets.TellCancelOutcome, tickets.TellRefundOutcome, tickets.TellOffer, tickets.TellHoldAsked, tickets.TellAnswer, tickets.TellCode, tickets.TellCodeNeeded, tickets.TellWithdrawn,
		"chat_receipt", "chat_neutral", "chat_question", "chat_missing", "chat_cancel_outcome", "chat_refund_outcome", "chat_offer",
		"chat_notice", "chat_answer", "forward",
	}
}

func TestBothLanguagesSayTheSameThings(t *testing.T) {
	t.Parallel()
	for _, tell := range tells() {
		used := map[string][]string{}
		for _, lang := range []string{"zh-CN", "en"} {
			set, err := textOf(lang, tell, wordsFor(lang, time.UTC))
			if err != nil {
				t.Fatal(err)
			}
			all := map[string]bool{}
			for _, part := range set.Templates() {
				for _, name := range names(part.Root) {
					all[part.Name()+" "+name] = true
				}
			}
			used[lang] = slices.Sorted(maps.Keys(all))
		}
		if len(used["en"]) == 0 {
			t.Errorf("%s uses nothing at all", tell)
		}
		if diff := cmp.Diff(used["zh-CN"], used["en"]); diff != "" {
			t.Errorf("%s: fields and functions (-zh +en):\n%s", tell, diff)
		}
	}
}

func TestBothLanguagesHaveTheSameFiles(t *testing.T) {
	t.Parallel()
	files := map[string][]string{}
	for _, lang := range []string{"zh-CN", "en"} {
		list, err := texts.ReadDir("texts/" + lang)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range list {
			files[lang] = append(files[lang], f.Name())
		}
	}
	if diff := cmp.Diff(files["zh-CN"], files["en"]); diff != "" {
		t.Errorf("files (-zh +en):\n%s", diff)
	}
}

// TestAChatIsToldWhatAMailTells: whoever chats hears the same of the cancellation and the money as
// whoever writes mails.
func TestAChatIsToldWhatAMailTells(t *testing.T) {
	t.Parallel()
	for _, tell := range tells() {
		if !slices.Contains(tells(), "chat_"+tell) {
			continue
		}
		for _, lang := range []string{"zh-CN", "en"} {
			told := func(tell tickets.Tell) []string {
				set, err := textOf(lang, tell, wordsFor(lang, time.UTC))
				if err != nil {
					t.Fatal(err)
				}
				all := slices.DeleteFunc(names(set.Root), func(name string) bool {
					return name == `""` || name == "template footer" || !slices.ContainsFunc([]string{".Cancel", ".Money", ".Refund", `"`, "template "}, func(of string) bool {
						return strings.HasPrefix(name, of)
					})
				})
				slices.Sort(all)
				return slices.Compact(all)
			}
			if diff := cmp.Diff(told(tell), told("chat_"+tell)); diff != "" {
				t.Errorf("%s in %s (-mail +chat):\n%s", tell, lang, diff)
			}
		}
	}
}

// names lists the fields, functions and templates that a text uses.
func names(n parse.Node) []string {
	var out []string
	switch n := n.(type) {
	case *parse.ListNode:
		if n == nil {
			return nil
		}
		for _, c := range n.Nodes {
			out = append(out, names(c)...)
		}
	case *parse.ActionNode:
		out = names(n.Pipe)
	case *parse.TemplateNode:
		out = append(names(n.Pipe), "template "+n.Name)
	case *parse.IfNode:
		out = branch(&n.BranchNode)
	case *parse.RangeNode:
		out = branch(&n.BranchNode)
	case *parse.WithNode:
		out = branch(&n.BranchNode)
	case *parse.PipeNode:
		if n == nil {
			return nil
		}
		for _, c := range n.Cmds {
			for _, a := range c.Args {
				out = append(out, names(a)...)
			}
		}
	case *parse.FieldNode, *parse.IdentifierNode, *parse.StringNode:
		out = []string{n.String()}
	case *parse.VariableNode:
		out = n.Ident[1:]
	}
	return out
}

func branch(b *parse.BranchNode) []string {
	return slices.Concat(names(b.Pipe), names(b.List), names(b.ElseList))
}
