package intent

import "fmt"

// chargeDay gives the day of the charge where a clause that speaks of charging
// states one by number: YYYY-MM-DD, or MM-DD without a year. Days that depend
// on today ("昨天") are left to the reader.
func (r *reading) chargeDay() string {
	for n, c := range r.clauses {
		if c.agent || !c.hasAny(setOf(cCharged, cRenewed, cCharge)) || c.hasAny(stopActs) {
			continue
		}
		from := c.from
		if n > 0 && r.clauses[n-1].sentence == c.sentence && !r.clauses[n-1].hasAny(stopActs) {
			from = r.clauses[n-1].from
		}
		for i := from; i < c.to; i++ {
			if isDigit(r.text.folded[i]) && (i == 0 || !isWord(r.text.folded[i-1]) && r.text.folded[i-1] != '-' && r.text.folded[i-1] != '.') {
				if day := dayAt(r.text.folded, i, c.to); day != "" {
					return day
				}
			}
		}
	}
	return ""
}

// dayAt reads 2025-03-04, 2025/3/4, 2025年3月4日 or 3月4日 at i.
func dayAt(f []rune, i, end int) string {
	var part [3]int
	n, j := 0, i
	for n < 3 && j < end {
		start := j
		for j < end && isDigit(f[j]) && j-start < 4 {
			part[n] = part[n]*10 + int(f[j]-'0')
			j++
		}
		if j == start {
			return ""
		}
		n++
		if j >= end {
			break
		}
		switch f[j] {
		case '-', '/', '年', '月':
			month := f[j] == '月'
			j++
			if month && n == 1 {
				n, part[1], part[0] = 2, part[0], 0
			}
			continue
		case '日', '号':
		}
		break
	}
	if n != 3 || part[1] < 1 || part[1] > 12 || part[2] < 1 || part[2] > 31 {
		return ""
	}
	if part[0] == 0 {
		return fmt.Sprintf("%02d-%02d", part[1], part[2])
	}
	if part[0] < 2000 || part[0] > 2999 {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", part[0], part[1], part[2])
}
