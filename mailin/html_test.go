package mailin

import (
	"strings"
	"testing"
)

func TestSanitise(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ in, want string }{
		"structure stays":           {`<p>退<b>订</b><br><a href="https://x.example/">x</a></p>`, `<p>退<b>订</b><br><a href="https://x.example/" rel="nofollow noreferrer noopener" target="_blank">x</a></p>`},
		"tables stay":               {"<table><tr><td>1</td></tr></table>", "<table><tr><td>1</td></tr></table>"},
		"scripts go":                {`a<script>alert(1)</script>b<SCRIPT src=//x>`, "ab"},
		"a script left open goes":   {"a<script>alert(1)", "a"},
		"handlers go":               {`<img src="https://x.example/a.png" onerror="alert(1)">`, `<img src="https://x.example/a.png">`},
		"javascript links go":       {`<a href="java&#10;script:alert(1)">x</a>`, "x"},
		"data links go":             {`<a href="data:text/html,<script>alert(1)</script>">x</a>`, "x"},
		"style goes":                {`<style>@import url(//x)</style><p style="background:url(//x)">a</p>`, "<p>a</p>"},
		"frames, forms and svg go":  {`<iframe src="//x"></iframe><form action="//x"><input name=a><button>b</button></form><svg onload=alert(1)>c</svg>`, "bc"},
		"meta and base go":          {`<base href="//x"><meta http-equiv="refresh" content="0;url=//x">a`, "a"},
		"comments go":               {"a<!--[if mso]><script>1</script><![endif]-->b", "ab"},
		"pictures of the mail":      {`<img src="cid:a@b">`, `<img src="/att/a@b">`},
		"odd picture names":         {`<img src="cid:a%20b/../c">`, `<img src="/att/a%20b%2F..%2Fc">`},
		"text that looks like one":  {`<p>src="cid:a"</p>`, `<p>src=&#34;cid:a&#34;</p>`},
		"a picture in a link stays": {`<a href="mailto:a@b.example"><img src="cid:a"></a>`, `<a href="mailto:a@b.example" rel="nofollow noreferrer"><img src="/att/a"></a>`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := sanitise(tt.in, "/att/"); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestHTMLText(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ in, want string }{
		"inline elements part no word":  {"<p>退<b>订</b>会<span>员</span></p>", "退订会员"},
		"paragraphs":                    {"<p>一</p><p>二</p>", "一\n\n二"},
		"lines":                         {"<div>一</div><div>二<br>三</div>", "一\n二\n三"},
		"blanks collapse":               {"a \n\t b&nbsp;c", "a b c"},
		"cells":                         {"<table><tr><td>金额</td><td>19.9</td></tr><tr><td>日期</td></tr></table>", "金额 19.9\n日期"},
		"lists":                         {"<ul><li>一</li><li>二</li></ul>", "- 一\n- 二"},
		"quotations":                    {"新<blockquote>旧<blockquote>更旧</blockquote></blockquote>又新", "新\n> 旧\n>> 更旧\n又新"},
		"what is not shown":             {"<title>t</title><style>p{}</style><script>x</script>a", "a"},
		"preformatted":                  {"<pre>a\n  b</pre>c", "a\n  b\nc"},
		"entities":                      {"&lt;a&amp;b&gt; &#36864;", "<a&b> 退"},
		"alternative of a picture":      {`<img alt="扣费截图" src=x>`, "扣费截图"},
		"tags left open":                {"a<b", "a"},
		"invisible characters":          {"退\u200b订\u00ad会", "退订会"},
		"a signature of Gmail":          {`停<div class="gmail_signature">王芳</div>`, "停\n-- \n王芳"},
		"the card of QQ Mail":           {`<div>停</div><hr><div><a class="xm_write_card" href="x"><table><tr><td>王芳</td></tr></table></a></div>`, "停\n-- \n\n王芳"},
		"a signature with its own mark": {`停<br><span class="gmail_signature_prefix">-- </span><br><div class="gmail_signature">王芳</div>`, "停\n--\n王芳"},
		"nothing":                       {"", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := htmlText(tt.in); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

// A body of half a million nested elements must not cost more than it is long.
func TestHTMLTextKeepsTheWholeText(t *testing.T) {
	t.Parallel()
	in := strings.Repeat("<div>退款</div>", 50000)
	if got := strings.Count(htmlText(in), "退款"); got != 50000 {
		t.Errorf("%d of 50000 lines are left", got)
	}
}
