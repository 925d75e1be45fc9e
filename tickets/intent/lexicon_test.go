package intent

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestScan_takes_the_longest_whole_words(t *testing.T) {
	t.Parallel()
	l, err := compile("# a comment\nstop: 取消, cancel, end\nbilling: 自动(续费|扣款|)\nunsub: 取消订阅\nentry: 取消页")
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string][]string{
		"取消订阅":             {"取消订阅"},
		"我要取消自动扣款和自动":      {"取消", "自动扣款", "自动"},
		"Cancel the end":   {"cancel", "end"},
		"cancelled ending": nil,
		"取消 页面":            {"取消"},
	}
	for text, want := range cases {
		s := script{}.normalise(text)
		var got []string
		for _, w := range l.scan(s, nil) {
			got = append(got, string(s.folded[w.from:w.to]))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func TestCompile_names_the_line_that_is_wrong(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"stop: a\nshop: b": `lexicon line 2: unknown concept "shop"`,
		"stop: a, , b":     "lexicon line 1: empty term",
	} {
		if _, err := compile(file); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", file, err, want)
		}
	}
}

func TestNormalise(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"關閉自動續費":           "关闭自动续费",
		"ＴＤ　１２３":           "td 123",
		"自.动.续.费":          "自动续费",
		"退 订":              "退订",
		"不用了 谢谢":           "不用了 谢谢",
		"1️⃣ 5️⃣":          "1 5",
		"a\u200bb\ufeffc":  "abc",
		"x\xffy":           "x\ufffdy",
		"“don’t” \t stop…": "\"don't\" stop…",
		"𝟭𝟯𝟴":              "138",
	} {
		s := script{}.normalise(text)
		if got := string(s.folded); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
		if len(s.plain) != len(s.folded) {
			t.Errorf("%q: %d written, %d folded characters", text, len(s.plain), len(s.folded))
		}
	}
}
