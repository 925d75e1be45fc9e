package tickets

import "unicode"

// LocaleOf is the language to answer a text in: zh-CN where it holds any Chinese, en where it holds
// Latin words and no Chinese, else the desk's own.
func LocaleOf(text, fallback string) string {
	latin := 0
	for _, r := range text {
		switch {
		case unicode.Is(unicode.Han, r):
			return "zh-CN"
		case unicode.Is(unicode.Latin, r):
			latin++
		}
	}
	if latin >= 5 {
		return "en"
	}
	return fallback
}
