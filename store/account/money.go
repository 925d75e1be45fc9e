package account

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Yuan writes fen as yuan with two decimals, such as 1990 as "19.90": the form Alipay takes amounts
// in and people read them in. Every conversion between the two units goes through here or ParseYuan.
func Yuan(fen int64) string {
	sign, u := "", uint64(fen)
	if fen < 0 {
		sign, u = "-", -u
	}
	return fmt.Sprintf("%s%d.%02d", sign, u/100, u%100)
}

// ParseYuan reads an amount of yuan with at most two decimals, such as "19.90", "19.9" or "19", as
// fen, exactly. It refuses everything else, signs, blanks, separators, exponents and a third decimal
// included: an amount that has to be guessed at is not an amount.
func ParseYuan(s string) (int64, error) {
	yuan, fen, point := strings.Cut(s, ".")
	if !digits(yuan) || (point && (!digits(fen) || len(fen) > 2)) {
		return 0, fmt.Errorf("amount %q: want yuan with at most two decimals, such as 19.90", s)
	}
	whole, err := strconv.ParseInt(yuan, 10, 64)
	if err != nil || whole > math.MaxInt64/100-1 {
		return 0, fmt.Errorf("amount %q: too large", s)
	}
	hundredths, err := strconv.ParseInt((fen + "00")[:2], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("amount %q: %w", s, err)
	}
	return whole*100 + hundredths, nil
}

// digits reports whether s is one or more ASCII digits; strconv alone would let a sign through.
func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
