package tickets

import (
	"strings"
	"unicode"
)

// LocaleOfTag is the language of a tag such as zh-Hans-CN or en-GB; fallback where it is neither.
func LocaleOfTag(tag, fallback string) string {
	language, _, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(tag, "_", "-")), "-")
	switch language {
	case "zh":
		return "zh-CN"
	case "en":
		return "en"
	}
	return fallback
}

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
