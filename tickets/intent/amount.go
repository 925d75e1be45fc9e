package intent

import "strings"

// sum is an amount found in a text.
type sum struct {
	from, to int
	fen      int64
	unit     bool // a currency stood with it
}

// amount gives the charge in dispute or the price of a period in fen: of all
// the sums stated the one whose clause speaks most plainly of charging. Totals,
// trial prices, balances and rough figures do not count. 0 is none. With it
// comes the period that the sum is said to be for, if any ("一个月30").
func (r *reading) amount() (fen int64, period string) {
	best, score := sum{}, 0
	for _, c := range r.clauses {
		for i := c.from; i < c.to; {
			s, ok := sumAt(r.text.folded, i, c.to)
			if !ok {
				i++
				continue
			}
			if v := r.weigh(c, s); v > score {
				best, score = s, v
			}
			i = s.to
		}
	}
	if score == 0 {
		return 0, ""
	}
	return best.fen, periodOf(r.text.folded, best)
}

// periodOf reads the period right before or behind a sum.
func periodOf(f []rune, s sum) string {
	const before, behind = 5, 6
	for i := s.from - 1; i > 0 && i >= s.from-before; i-- {
		if p := periodRunes(f[i]); p != "" && !isDigit(f[i-1]) {
			return p
		}
	}
	for i := s.to; i < len(f) && i < s.to+behind && f[i] != ',' && f[i] != '\n'; i++ {
		if p := periodRunes(f[i]); p != "" && !isDigit(f[i-1]) {
			return p
		}
	}
	return ""
}

func periodRunes(r rune) string {
	switch r {
	case '月':
		return "month"
	case '季':
		return "quarter"
	case '年':
		return "year"
	}
	return ""
}

// weigh tells how likely a sum is the charge; 0 or less is not. A number
// without a currency counts only right behind a word of charging, price or
// period: 一个月30, 扣了我60, paid 128.
func (r *reading) weigh(c clause, s sum) int {
	f := r.text.folded
	before, after := string(f[max(c.from, s.from-6):s.from]), string(f[s.to:min(len(f), s.to+4)])
	if containsAny(before, "共", "累计", "合计", "约", "大概", "差不多", "时间", "日期", "total", "about", "around") ||
		containsAny(after, "左右", "多块", "来块", "上下") || strings.HasPrefix(after, "多") {
		return 0
	}
	v := 4
	if !s.unit {
		if v = 1; !r.announced(c, s, before) {
			return 0
		}
	}
	for _, w := range c.words {
		if w.to > s.from || s.from-w.to > 12 {
			continue
		}
		switch {
		case w.is.any(setOf(cCharge, cCharged, cRenewed)):
			v += 3
		case w.is.any(setOf(cMonth, cYear, cQuarter)):
			v += 2
		case w.is.any(setOf(cTrial, cPresale)):
			v -= 4
		case w.is.any(setOf(cRefund, cTopup)):
			v -= 2
		}
	}
	return v
}

// counted holds the beginnings of words that make a number before them a date
// or a count: "10 April", "3 times".
const counted = "jan feb mar apr may jun jul aug sep oct nov dec tim day mon wee hou min yea coi poi gem cre ski ste cli"

// announced tells whether the words before a bare number make it a price.
func (r *reading) announced(c clause, s sum, before string) bool {
	f := r.text.folded
	if after := f[s.to:min(len(f), s.to+4)]; len(after) == 4 && after[0] == ' ' && strings.Contains(counted, string(after[1:])) {
		return false
	}
	for _, w := range c.words {
		if w.to <= s.from && s.from-w.to <= 2 && w.is.any(setOf(cCharge, cCharged, cRenewed)) && !strings.HasSuffix(before, "on ") {
			return true
		}
	}
	before = strings.TrimRight(before, " :是的我")
	for _, p := range []string{"个月", "每月", "一次", "金额", "一年", "包年", "包月", "包季", "年卡", "月卡", "季卡", "年费", "月费", "一季", "每年", "每季", "年", "价格", "价", "扣", "paid", "单价", "一期", "一笔"} {
		if strings.HasSuffix(before, p) {
			head := []rune(strings.TrimSuffix(before, p))
			return p != "年" || len(head) == 0 || !isDigit(head[len(head)-1])
		}
	}
	return false
}

func containsAny(s string, parts ...string) bool {
	for _, p := range parts {
		if strings.Contains(s, p) {
			return true
		}
	}
	return false
}

var currencyBefore = []string{"¥", "rmb ", "rmb", "cny ", "cny", "人民币"}

// sumAt reads a sum that begins at i: 19.9元, ¥19.90, RMB 198, 十九块九, 一百九十八元.
func sumAt(f []rune, i, end int) (sum, bool) {
	j, unit := i, false
	if !startsSum(f[i]) {
		return sum{}, false
	}
	for _, c := range currencyBefore {
		if hasPrefixAt(f, j, end, c) {
			j += len([]rune(c))
			unit = true
			break
		}
	}
	for unit && j < end && f[j] == ' ' {
		j++
	}
	if j >= end || j > 0 && !unit && isWord(f[j-1]) || !unit && j > 0 && (f[j-1] == '.' || f[j-1] == '-' || f[j-1] == '$') {
		return sum{}, false
	}
	fen, next, plain := wholeNumber(f, j, end)
	if next == j {
		return sum{}, false
	}
	s := sum{from: i, to: next, fen: fen, unit: unit}
	k := next
	if k < end && f[k] == ' ' {
		k++
	}
	if u := unitAt(f, k, end); u > 0 {
		s.unit, s.to = true, k+u
		s.fen += fraction(f, &s.to, end)
		return s, s.fen > 0
	}
	if !unit && (!plain && (next-j < 2 || worthOf(f[next-1]) == 0 && worthOf(f[next-2]) == 0) || next < end && (isWord(f[next]) || f[next] == '-' || strings.ContainsRune("年月日号点:天次个/%分期笔岁折", f[next]))) {
		return sum{}, false
	}
	return s, s.fen > 0 && fen < 10_000_000
}

// startsSum is a quick look at the first character of a sum.
func startsSum(r rune) bool {
	return isDigit(r) || r == '¥' || r == 'r' || r == 'c' || r == '人' || chineseDigit(r) != 0 || worthOf(r) != 0
}

func hasPrefixAt(f []rune, i, end int, p string) bool {
	for _, r := range p {
		if i >= end || f[i] != r {
			return false
		}
		i++
	}
	return true
}

// unitAt gives the length of a currency word at i.
func unitAt(f []rune, i, end int) int {
	for _, u := range []string{"块钱", "元", "块", "圆", "塊", "蚊", "rmb", "cny", "yuan", "kuai", "人民币", "软妹币", "大洋", "米"} {
		if hasPrefixAt(f, i, end, u) {
			return len([]rune(u))
		}
	}
	return 0
}

// fraction reads what follows the unit: 19块9, 19块9毛5, 三十块五.
func fraction(f []rune, i *int, end int) int64 {
	var fen int64
	for _, worth := range []int64{10, 1} {
		j := *i
		if j >= end {
			break
		}
		d := f[j]
		if c := chineseDigit(d); c != 0 && d != '两' && d != '一' {
			d = rune(c)
		}
		if !isDigit(d) || j+1 < end && (isWord(f[j+1]) || chineseDigit(f[j+1]) != 0 && worth == 1 || strings.ContainsRune("个月年天次笔号日", f[j+1])) {
			break
		}
		fen += int64(d-'0') * worth
		j++
		if j < end && strings.ContainsRune("毛角分", f[j]) {
			j++
		}
		*i = j
	}
	return fen
}

// wholeNumber reads digits with a decimal point and thousands commas, or a
// Chinese numeral, and gives its value in fen. plain tells digits from words.
func wholeNumber(f []rune, i, end int) (fen int64, next int, plain bool) {
	if i < end && isDigit(f[i]) {
		var yuan int64
		j := i
		for j < end && (isDigit(f[j]) || f[j] == ',' && j+3 < end && isDigit(f[j+1]) && isDigit(f[j+2]) && isDigit(f[j+3])) {
			if f[j] != ',' {
				yuan = yuan*10 + int64(f[j]-'0')
			}
			if j++; j-i > 9 {
				return 0, i, true
			}
		}
		fen = yuan * 100
		if j+1 < end && f[j] == '.' && isDigit(f[j+1]) {
			fen += int64(f[j+1]-'0') * 10
			if j += 2; j < end && isDigit(f[j]) {
				fen += int64(f[j] - '0')
				j++
			}
			if j < end && isDigit(f[j]) {
				return 0, i, true
			}
		}
		return fen, j, true
	}
	fen, next = chineseNumber(f, i, end)
	return fen, next, false
}

// worthOf gives the worth of a Chinese numeral's place word, or 0.
func worthOf(r rune) int64 {
	switch r {
	case '十', '拾':
		return 10
	case '百', '佰':
		return 100
	case '千', '仟':
		return 1000
	}
	return 0
}

// chineseNumber reads 一百九十八, 三十, 两百, 十九点九, 贰佰 in fen.
func chineseNumber(f []rune, i, end int) (int64, int) {
	var total, digit int64
	var last int64 = 1
	j := i
	for ; j < end; j++ {
		if d := chineseDigit(f[j]); d != 0 {
			digit = int64(d - '0')
			continue
		}
		worth := worthOf(f[j])
		if worth == 0 {
			break
		}
		if digit == 0 && worth == 10 {
			digit = 1
		}
		total, digit, last = total+digit*worth, 0, worth
	}
	if digit > 0 && last >= 100 && j > i && f[j-2] != '零' && chineseDigit(f[j-2]) == 0 {
		digit *= last / 10 // 一百五 is 150
	}
	fen := (total + digit) * 100
	if j > i && j+1 < end && f[j] == '点' && chineseDigit(f[j+1]) != 0 {
		fen += int64(chineseDigit(f[j+1])-'0') * 10
		if j += 2; j < end && chineseDigit(f[j]) != 0 {
			fen += int64(chineseDigit(f[j]) - '0')
			j++
		}
	}
	return fen, j
}
