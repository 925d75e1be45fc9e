package mailin

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseAddresses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in   string
		want []Address
	}{
		"bare":                       {"a@B.Example", []Address{{"", "a@b.example"}}},
		"named":                      {`"Wang, Fang" <wang@x.example>`, []Address{{"Wang, Fang", "wang@x.example"}}},
		"name with a bare comma":     {"Wang, Fang <wang@x.example>", []Address{{"Wang, Fang", "wang@x.example"}}},
		"comment as name":            {"wang@x.example (Wang Fang)", []Address{{"Wang Fang", "wang@x.example"}}},
		"encoded name with a comma":  {"=?utf-8?Q?Wang,_Fang?= <wang@x.example>", []Address{{"Wang, Fang", "wang@x.example"}}},
		"encoded inside quotes":      {`"=?gb2312?B?zfXQobfn?=" <wang@x.example>`, []Address{{"王小风", "wang@x.example"}}},
		"the whole mailbox encoded":  {"=?utf-8?B?V2FuZyA8d2FuZ0B4LmV4YW1wbGU+?=", []Address{{"Wang", "wang@x.example"}}},
		"semicolons":                 {"a@x.example; b@x.example;", []Address{{"", "a@x.example"}, {"", "b@x.example"}}},
		"a group":                    {"friends: a@x.example, B <b@x.example>;", []Address{{"", "a@x.example"}, {"B", "b@x.example"}}},
		"an empty group":             {"undisclosed-recipients:;", nil},
		"no closing bracket":         {"Wang <wang@x.example", []Address{{"Wang", "wang@x.example"}}},
		"no closing bracket, comma":  {"Wang <wang@x.example, b@x.example", []Address{{"Wang", "wang@x.example"}, {"", "b@x.example"}}},
		"no brackets":                {"Wang Fang wang@x.example", []Address{{"Wang Fang", "wang@x.example"}}},
		"double brackets":            {"<<wang@x.example>>", []Address{{"", "wang@x.example"}}},
		"mailto":                     {"<mailto:wang@x.example>", []Address{{"", "wang@x.example"}}},
		"a source route":             {"<@a.example,@b.example:wang@x.example>", []Address{{"", "wang@x.example"}}},
		"no address":                 {"MAILER-DAEMON", []Address{{"", "MAILER-DAEMON"}}},
		"a name only":                {"王芳", []Address{{"王芳", ""}}},
		"comments inside":            {"Pete <pete(his account)@silly.example(his host)>", []Address{{"Pete", "pete@silly.example"}}},
		"an open quote":              {`"Wang <wang@x.example>`, []Address{{"Wang", "wang@x.example"}}},
		"line breaks in a word":      {"=?utf-8?B?YQpi?= <a@x.example>", []Address{{"a b", "a@x.example"}}},
		"nothing":                    {"", nil},
		"commas only":                {",,;,", nil},
		"an address as its own name": {"a@x.example <a@x.example>", []Address{{"a@x.example", "a@x.example"}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, parseAddresses(tt.in, "").list); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestParseDate(t *testing.T) {
	t.Parallel()
	const day = "2024-08-05T"
	tests := map[string]struct {
		want  string // RFC 3339, "" when unreadable
		exact bool
	}{
		"Mon, 05 Aug 2024 10:00:00 +0800":       {day + "10:00:00+08:00", true},
		"Mon, 5 Aug 2024 10:00 +0800 (CST)":     {day + "10:00:00+08:00", true},
		"5 Aug 24 10:00:00 GMT":                 {day + "10:00:00Z", true},
		"Mon Aug  5 10:00:00 2024":              {day + "10:00:00Z", false},
		"Mon, 5-Aug-2024 10:00:00 EST":          {day + "10:00:00-05:00", true},
		"2024-08-05T10:00:00+08:00":             {day + "10:00:00+08:00", true},
		"2024-08-05 10:00:00":                   {day + "10:00:00Z", false},
		"2024/08/05 10:00:00 +0800":             {day + "10:00:00+08:00", true},
		"Mon, 05 Aug 2024 10:00:00 GMT+08:00":   {day + "10:00:00+08:00", true},
		"Mon, 05 Aug 2024 10:00:00":             {day + "10:00:00Z", false},
		"Mon, 05 Aug 2024 10(x): 00 :00 -0330":  {day + "10:00:00-03:30", true},
		"Mon, 05 August 2024 10:00:00 PM +0000": {day + "22:00:00Z", true},
		"Mon, 05 Aug 2024 10:00:60 +0000":       {day + "10:01:00Z", true},
		"Mon, 31 Feb 2024 10:00:00 +0000":       {"", false},
		"Mon, 05 Aug 2024 25:00:00 +0000":       {"", false},
		"yesterday":                             {"", false},
		"":                                      {"", false},
		"((((":                                  {"", false},
	}
	for in, tt := range tests {
		t.Run(in, func(t *testing.T) {
			t.Parallel()
			got, exact := parseDate(in)
			text := ""
			if !got.IsZero() {
				text = got.Format(time.RFC3339)
			}
			if text != tt.want || text != "" && exact != tt.exact {
				t.Errorf("%s (exact %v), want %s (%v)", text, exact, tt.want, tt.exact)
			}
		})
	}
}

func TestDecodeWords(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ in, hint, want string }{
		"plain":                          {"stop", "", "stop"},
		"quoted-printable":               {"=?utf-8?Q?=E9=80=80_=E6=AC=BE?=", "", "退 款"},
		"blanks between words go":        {"=?utf-8?B?6YCA?= \t =?utf-8?B?5qy+?=", "", "退款"},
		"blanks beside text stay":        {"a =?utf-8?B?6YCA?= b", "", "a 退 b"},
		"words inside a token":           {"[x]=?utf-8?B?6YCA?=!", "", "[x]退!"},
		"padding missing":                {"=?utf-8?B?6YCA5qy?=", "", "退\ufffd"},
		"a language tag":                 {"=?utf-8*zh?B?6YCA?=", "", "退"},
		"an unknown charset":             {"=?klingon?B?6YCA?=", "", "退"},
		"an unknown encoding stays":      {"=?utf-8?X?abc?=", "", "=?utf-8?X?abc?="},
		"an end missing stays":           {"=?utf-8?B?6YCA", "", "=?utf-8?B?6YCA"},
		"raw GBK":                        {"\xcd\xcb\xbf\xee", "", "退款"},
		"raw bytes in the mail's own":    {"caf\xe9", "iso-8859-1", "café"},
		"line breaks become blanks":      {"=?utf-8?Q?a=0D=0ABcc:_b?=", "", "a  Bcc: b"},
		"direction marks go":             {"=?utf-8?Q?=E2=80=AEgpj?=", "", "gpj"},
		"a question mark inside":         {"=?utf-8?Q?really??=", "", "really?"},
		"blanks inside a quoted payload": {"=?utf-8?Q?a b?=", "", "a b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := decodeWords(tt.in, tt.hint); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestDecodeCharset(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ in, declared, text, used string }{
		"utf-8":                    {"退款", "utf-8", "退款", ""},
		"utf-8 called gb2312":      {"退款", "gb2312", "退款", ""},
		"gb18030 called gb2312":    {"\xe9\x46\x81\x30\x81\x30", "gb2312", "镕\u0080", "gb18030"},
		"gbk called utf-8":         {"\xcd\xcb\xbf\xee\xc7\xeb", "utf-8", "退款请", "gb18030"},
		"gbk called iso-8859-1":    {"\xcd\xcb\xbf\xee\xc7\xeb", "iso-8859-1", "退款请", "gb18030"},
		"gbk called nothing":       {"\xcd\xcb\xbf\xee", "", "退款", "gb18030"},
		"latin-1":                  {"d\xe9j\xe0 vu", "iso-8859-1", "déjà vu", "iso-8859-1"},
		"latin-1 called nothing":   {"d\xe9j\xe0 vu", "", "déjà vu", "windows-1252"},
		"big5":                     {"\xb0\x68\xb4\xda", "big5", "退款", "big5"},
		"a cut utf-8 character":    {"退款退款\xe9\x80", "utf-8", "退款退款\ufffd", ""},
		"a byte order mark":        {"\xef\xbb\xbfa", "utf-8", "a", ""},
		"utf-16 unlabelled":        {"\xff\xfe\x00\x90\x3e\x6b", "", "退款", "utf-16"},
		"a label nobody knows":     {"退", "x-nothing", "退", ""},
		"iso-2022-jp":              {"\x1b$BB`\x1b(B", "ISO-2022-JP", "退", "iso-2022-jp"},
		"hz":                       {"~{MK?n~}", "hz-gb-2312", "退款", "hz-gb-2312"},
		"utf-7":                    {"+kABrPg- 1 +- 1", "utf-7", "退款 1 + 1", "utf-7"},
		"one broken byte in gbk":   {"\xcd\xcb\xbf\xee\xcd\xcb\xbf\xee\xcd\xcb\xbf\xee\xcd\xcb\xbf\xee\xcd\xcb\xbf\xee\xcd\xcb\xbf\xee\xcd\xcb\xbf\xee\xcd\xcb\xbf\xee\xcd\xcb\xbf\xee\xcd\xcb\xbf\xee\xcd\xcb\xbf\xee\xcd\xcb\xbf\xee\xcd\xcb\xbf\xee\xff", "gbk", "退款退款退款退款退款退款退款退款退款退款退款退款退款\ufffd", "gb18030"},
		"thai by its other number": {"\xa1", "iso-8859-11", "ก", "iso-8859-11"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, used := decodeCharset([]byte(tt.in), tt.declared)
			if text != tt.text || used != tt.used {
				t.Errorf("%q as %q, want %q as %q", text, used, tt.text, tt.used)
			}
		})
	}
}
