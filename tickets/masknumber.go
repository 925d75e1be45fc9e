package tickets

import (
	"regexp"
	"strings"

	"github.com/canceldesk/canceldesk/store/account"
)

// A number that people write out, in groups or in one, and what may be one that nobody else needs to read.
var (
	longNumber = regexp.MustCompile(`[0-9](?:[ -]?[0-9]){12,}[Xx]?`)
	oneNumber  = regexp.MustCompile(`[0-9]{13,}[Xx]?`)
	nationalID = regexp.MustCompile(`^[0-9]{6}(?:18|19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx]$`)
)

// maskNumbers masks the ID and card numbers in a text that is shown in lists.
func maskNumbers(text string) string {
	text = strings.Map(func(r rune) rune {
		if r >= '０' && r <= '９' {
			return r - '０' + '0'
		}
		return r
	}, text)
	return longNumber.ReplaceAllStringFunc(text, func(s string) string {
		if n := strings.NewReplacer(" ", "", "-", "").Replace(s); personal(n) {
			return account.MaskID(n)
		}
		return oneNumber.ReplaceAllStringFunc(s, func(n string) string {
			if personal(n) {
				return account.MaskID(n)
			}
			return n
		})
	})
}

// personal reports whether a number is a national ID's or a bank card's: by its date of birth, or by its
// length and check digit.
func personal(n string) bool {
	const shortest, longest = 13, 19
	digits := strings.TrimRight(n, "Xx")
	return nationalID.MatchString(n) || len(digits) >= shortest && len(digits) <= longest && luhn(digits)
}

// luhn reports whether the check digit of a card number is right.
func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
