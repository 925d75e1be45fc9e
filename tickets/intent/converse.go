package intent

// talk is what may stand in a message that says nothing but yes, no or thanks.
var (
	politeness = setOf(cThanks, cGreet, cIgnore)
)

// converse notes a message that only continues a conversation. A message of
// more than a few words is never a bare answer.
func (r *reading) converse(u *Understanding) {
	u.Withdraws = u.Intent == NotCancellation && r.has(takesBack)
	const longest = 60
	if len(r.text.folded) > longest || len(r.words) == 0 || r.unread() > 6 {
		return
	}
	thanks, yes, no := 0, 0, 0
	for _, w := range r.words {
		switch {
		case w.is.has(cNo):
			no++
		case w.is.has(cYes):
			yes++
		case w.is.has(cThanks):
			thanks++
		case w.is.any(politeness):
		default:
			return
		}
	}
	for _, c := range r.clauses {
		if c.question {
			return
		}
	}
	u.Denies = no > 0
	u.Affirms = yes > 0 && no == 0
	u.Thanks = thanks > 0 && yes == 0 && no == 0
}

// unread counts the letters and digits outside all words that were found.
func (r *reading) unread() int {
	n, w := 0, 0
	for i, c := range r.text.folded {
		for w < len(r.words) && r.words[w].to <= i {
			w++
		}
		inWord := w < len(r.words) && r.words[w].from <= i
		if !inWord && (isHan(c) || isWord(c)) {
			n++
		}
	}
	return n
}
