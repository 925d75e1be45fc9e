package mailin

import (
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
)

func encode(t testing.TB, enc encoding.Encoding, s string) string {
	t.Helper()
	b, err := enc.NewEncoder().String(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestCharsetsThatLieAreReadAsWhatTheyAre(t *testing.T) {
	t.Parallel()
	gbk, big5, latin := simplifiedchinese.GBK, traditionalchinese.Big5, charmap.Windows1252
	utf16 := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	const simple, trad = "请帮我取消会员自动续费，谢谢", "請幫我取消會員自動續費，謝謝你們"
	tests := map[string]struct{ in, label, want, used string }{
		"no label, GBK":                     {encode(t, gbk, simple), "", simple, "gb18030"},
		"no label, two characters":          {encode(t, gbk, "退订"), "", "退订", "gb18030"},
		"no label, Big5":                    {encode(t, big5, trad), "", trad, "big5"},
		"UTF-8 in name, GBK in truth":       {encode(t, gbk, simple), "utf-8", simple, "gb18030"},
		"UTF-8 in name, Big5 in truth":      {encode(t, big5, trad), "utf-8", trad, "big5"},
		"GB2312 in name, UTF-8 in truth":    {simple, "gb2312", simple, ""},
		"GB2312 in name, GBK in truth":      {encode(t, gbk, "朱镕基畀錢"), "gb2312", "朱镕基畀錢", "gb18030"},
		"GB2312 in name, Big5 in truth":     {encode(t, big5, trad), "gb2312", trad, "big5"},
		"Big5 in name, GBK in truth":        {encode(t, gbk, simple+"。我的账号是一三八"), "big5", simple + "。我的账号是一三八", "gb18030"},
		"Big5 as labelled":                  {encode(t, big5, trad), "big5", trad, "big5"},
		"traditional Chinese in GBK":        {encode(t, gbk, trad), "gbk", trad, "gb18030"},
		"western in name, GBK in truth":     {encode(t, gbk, simple), "iso-8859-1", simple, "gb18030"},
		"UTF-8 in name, French in truth":    {encode(t, latin, "Je suis très déçu, résiliez à l'été"), "utf-8", "Je suis très déçu, résiliez à l'été", "windows-1252"},
		"no label, German":                  {encode(t, latin, "Bitte kündigen Sie die Verlängerung für März"), "", "Bitte kündigen Sie die Verlängerung für März", "windows-1252"},
		"no label, Portuguese":              {encode(t, latin, "cancelamento da renovação automática, não quero"), "", "cancelamento da renovação automática, não quero", "windows-1252"},
		"Japanese as labelled":              {encode(t, japanese.ShiftJIS, "解約したいです"), "shift_jis", "解約したいです", "shift_jis"},
		"one damaged character":             {"请取消续费我不要了谢谢你们\xff真的", "utf-8", "请取消续费我不要了谢谢你们\uFFFD真的", ""},
		"a last character cut":              {"请取消续费"[:14], "utf-8", "请取消续\uFFFD", ""},
		"a footer in another charset":       {simple + "\n" + encode(t, gbk, "本邮件由系统代发"), "utf-8", simple + "\n本邮件由系统代发", ""},
		"two bytes a character, no label":   {encode(t, utf16, "please cancel"), "", "please cancel", "utf-16le"},
		"emoji and rare characters in GB":   {encode(t, simplifiedchinese.GB18030, "取消😀㐀"), "gb2312", "取消😀㐀", "gb18030"},
		"a charset nobody knows, and ASCII": {"cancel", "x-nobody", "cancel", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, used := decodeCharset([]byte(tt.in), tt.label); got != tt.want || used != tt.used {
				t.Errorf("got  %q as %q\nwant %q as %q", got, used, tt.want, tt.used)
			}
		})
	}
}
