package intent

import (
	"slices"
	"sort"
	"strings"
)

// labels are the words that say what a number is.
var labels = setOf(cLaccount, cLphone, cLcallback, cLcaller, cLemail, cLorder, cLnotorder, cLtxn, cLtail, cLcardno, cLid)

// labelOf gives the label that a numeral stands under: the nearest one before
// it on the same line, else one right behind it ("138… 是我的账号").
func (r *reading) labelOf(n numeral) (label, earlier concepts) {
	const reach, behind, pair = 14, 4, 8
	end := n.to
	here := sort.Search(len(r.words), func(i int) bool { return r.words[i].from >= n.from })
	for j := here - 1; j >= 0 && n.from-r.words[j].to <= reach; j-- {
		w := r.words[j]
		if !w.is.any(labels) {
			continue
		}
		if r.broken(w.to, n.from) {
			break
		}
		if label.empty() {
			label = w.is
			n.from = w.from
			continue
		}
		if n.from-w.to <= pair && !slices.ContainsFunc(r.text.folded[w.to:n.from], func(c rune) bool { return isWord(c) || c == '的' }) {
			earlier = earlier.or(w.is)
		}
		break
	}
	if !label.empty() {
		return label, earlier
	}
	for j := here; j < len(r.words) && r.words[j].from-end <= behind; j++ {
		w := r.words[j]
		if w.from >= end && w.is.any(labels) && !r.broken(end, w.from) {
			return w.is, earlier
		}
	}
	return label, earlier
}

// broken tells whether a line or a sentence ends between two positions.
func (r *reading) broken(from, to int) bool {
	for _, c := range r.text.folded[from:max(from, to)] {
		switch c {
		case '\n', '。', ';', '?', '!':
			return true
		}
	}
	return false
}

// identify files a numeral under the fact it states, if any.
func (r *reading) identify(n numeral, f *Facts, caller *string) {
	label, earlier := r.labelOf(n)
	if number, ok := strings.CutPrefix(strings.ToLower(n.text), "uid"); ok && len(number) == len(n.digits) {
		n.text, label = n.digits, setOf(cLaccount)
	}
	if id := nationalID(n.text); id != "" && !label.any(setOf(cLorder, cLtxn)) {
		set(&f.NationalID, id)
		return
	}
	if m := mobile(n.digits); m != "" && n.pure() {
		r.phone(m, label, earlier, f, caller)
		return
	}
	size := len(n.digits)
	switch {
	case label.has(cLtail):
		if size == 4 {
			set(&f.CardTail, n.digits)
		}
	case label.has(cLcallback), label.has(cLnotorder) && !label.has(cLtxn):
	case label.has(cLtxn) && size >= 10, n.pure() && size == 28 && (strings.HasPrefix(n.digits, "4200") || strings.HasPrefix(n.digits, "20")):
		set(&f.ChannelTxnID, n.text)
	case n.pure() && size >= 16 && size <= 19 && (label.has(cLcardno) || label.has(cCard)) && luhn(n.digits):
		set(&f.CardTail, n.digits[size-4:])
	case label.has(cLcardno), label.has(cLid):
	case label.has(cLorder) && size >= 5:
		set(&f.OrderNo, n.text)
	case label.has(cLaccount) && !r.isQuantity(n):
		set(&f.Account, n.text)
	}
}

// phone files a mobile number.
func (r *reading) phone(m string, label, earlier concepts, f *Facts, caller *string) {
	switch {
	case label.has(cLcallback) || earlier.has(cLcallback):
	case label.has(cLcaller):
		set(caller, m)
	case label.has(cLorder), label.has(cLtxn), label.has(cLnotorder):
	case label.has(cLaccount), earlier.has(cLaccount) && label.has(cLphone):
		set(&f.Account, m)
		set(&f.Phone, m)
	default:
		set(&f.Phone, m)
	}
}

func set(field *string, value string) {
	if *field == "" {
		*field = value
	}
}

// isQuantity tells whether a number counts something ("账号扣了30元").
func (r *reading) isQuantity(n numeral) bool {
	const shortest = 5 // of an account number without letters
	if n.pure() && len(n.digits) < shortest {
		return true
	}
	f := r.text.folded
	if j := sort.Search(len(r.words), func(i int) bool { return r.words[i].from >= n.to }); j < len(r.words) && r.words[j].from == n.to && r.words[j].is.has(cAsset) {
		return true
	}
	return n.to < len(f) && strings.ContainsRune("元块毛.%年月日号天次个", f[n.to]) || n.from > 0 && (f[n.from-1] == '¥' || f[n.from-1] == '.' || f[n.from-1] == '$')
}

// addresses finds the customer's e-mail address; one that he calls his account
// is both.
func (r *reading) addresses(f *Facts) {
	p := r.text.plain
	for i, c := range p {
		if c != '@' {
			continue
		}
		from, to := i, i+1
		for from > 0 && (isWord(p[from-1]) || strings.ContainsRune("._%+-", p[from-1])) {
			from--
		}
		for to < len(p) && (isWord(p[to]) || p[to] == '-' || p[to] == '.') {
			to++
		}
		for to > i+1 && (p[to-1] == '.' || p[to-1] == '-') {
			to--
		}
		domain := string(p[i+1 : to])
		if from == i || !strings.Contains(domain, ".") {
			continue
		}
		label, _ := r.labelOf(numeral{from: from, to: to})
		if label.has(cLcallback) || f.Email != "" {
			continue
		}
		f.Email = r.text.slice(from, to)
		if label.has(cLaccount) {
			set(&f.Account, f.Email)
		}
	}
}

// namedAccount finds an account name: what stands right behind the label, if
// it looks like a name; else the one word with an underline, which nothing but
// an account name has.
func (r *reading) namedAccount(f *Facts) {
	if f.Account != "" {
		return
	}
	p := r.text.plain
	for _, w := range r.words {
		if !w.is.has(cLaccount) {
			continue
		}
		i := w.to
		for i < len(p) && i-w.to < 5 && strings.ContainsRune(": 是为叫\"#", p[i]) {
			i++
		}
		if p[i-1] == ' ' && i+3 < len(p) && string(p[i:i+3]) == "is " {
			i += 3
		}
		if name := r.nameAt(i, i > w.to, slices.ContainsFunc(p[max(0, w.from-6):w.to], isHan)); name != "" {
			f.Account = name
			return
		}
	}
	for i := 0; i < len(p); i++ {
		if isWord(p[i]) {
			name := latinName(p, i)
			if k := strings.IndexByte(name, '_'); k > 0 && !strings.Contains(name, ".") && (i == 0 || p[i-1] != '@' && p[i-1] != '/') {
				f.Account = name
				return
			}
			i += len(name)
		}
	}
}

// nameAt reads an account name at i. Behind a Chinese label any Latin word is
// one; behind an English one, where a sentence may go on, it needs a digit, a
// dot, a dash or an underline. A nickname of Han characters needs a digit and
// a gap before it.
func (r *reading) nameAt(i int, gap, chinese bool) string {
	p := r.text.plain
	name := latinName(p, i)
	if end := i + len(name); end < len(p) && p[end] == '@' {
		return ""
	}
	if len(name) >= 3 && (chinese && !slices.Contains(notNames, strings.ToLower(name)) || strings.ContainsAny(name, "_.-0123456789") && !strings.EqualFold(name, "e-mail")) && strings.ContainsFunc(name, isLatin) {
		return name
	}
	const longest = 16
	j := i
	for j < len(p) && j-i < longest && (isHan(p[j]) || isWord(p[j]) || p[j] == '_') {
		j++
	}
	if gap && j-i >= 4 && j-i < longest && isHan(p[i]) && isDigit(p[j-1]) && !r.tells(i, j) {
		return r.text.slice(i, j)
	}
	return ""
}

// notNames are what may stand behind 账号 in mixed speech without being one.
var notNames = []string{"vip", "svip", "app", "the", "and", "for", "cancel", "please", "rmb", "e-mail", "email"}

// tells tells whether a stretch is part of a sentence, not a name.
func (r *reading) tells(from, to int) bool {
	for j := sort.Search(len(r.words), func(i int) bool { return r.words[i].to > from }); j < len(r.words) && r.words[j].from < to; j++ {
		if r.words[j].is.any(allActs.or(moneyMoves).or(labels).or(setOf(cWant, cPast, cPlan, cAsset, cPassive))) {
			return true
		}
	}
	return false
}

// latinName reads letters, digits, dashes, underlines and inner dots.
func latinName(p []rune, i int) string {
	j := i
	for j < len(p) && (isWord(p[j]) || p[j] == '_' || p[j] == '-' || p[j] == '.' && j+1 < len(p) && isWord(p[j+1])) {
		j++
	}
	for j > i && p[j-1] == '-' {
		j--
	}
	return string(p[i:j])
}
