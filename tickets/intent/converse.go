package intent

import (
	"slices"
	"strings"
)

// talk is what may stand in a message that says nothing but yes, no or thanks.
var (
	politeness = setOf(cThanks, cGreet, cIgnore)
	// reservation is what makes a yes not a plain one.
	reservation = setOf(cNo, cNeg, cNegimp, cDontwant, cIf, cHow, cWhy, cTakeback, cKeep)
)

// longestTalk bounds, in letters, what counts as nothing but talk.
const longestTalk = 60

// converse notes a message that continues a conversation: a bare yes, no or thanks, a yes that goes on
// to say what for, and thanks with a kind word.
func (r *reading) converse(u *Understanding) {
	u.Withdraws = u.Intent == NotCancellation && r.has(takesBack) || u.Intent == Clarify && r.denies()
	if len(r.words) == 0 || slices.ContainsFunc(r.clauses, func(c clause) bool { return c.question }) {
		return
	}
	thanks, yes, no, other := 0, 0, 0, 0
	for _, w := range r.words {
		switch {
		case w.is.has(cNo):
			no++
		case w.is.has(cYes) && (w.to-w.from > 1 || len(r.words) == 1):
			yes++
		case w.is.has(cThanks):
			thanks++
		case w.is.any(politeness):
		default:
			other++
		}
	}
	bare := other == 0 && len(r.text.folded) <= longestTalk && r.unread() <= 6
	u.Denies = bare && no > 0
	u.Affirms = no == 0 && (bare && yes > 0 || r.beginsWithYes())
	// Nothing was read but thanks: a name or a word of praise beside it asks for nothing.
	nothing := other == 0 || u.Intent == NotCancellation && u.Confidence < 0.5
	u.Thanks = thanks > 0 && yes == 0 && no == 0 && nothing && len(r.text.folded) <= longestTalk
}

// beginsWithYes reports whether the message opens with a clear yes, a word of its own of two letters
// at least, and holds nothing that could take it back. What hangs on it is money, so it would rather
// miss a yes than hear one.
func (r *reading) beginsWithYes() bool {
	const opening, longest = 3, 120
	first := r.words[0]
	if rest := r.text.folded[first.to:]; len(rest) > 0 && (isHan(rest[0]) || isWord(rest[0])) && !strings.ContainsRune("这该以上您你贵", rest[0]) {
		return false // "confirm the cancellation" is a request, not a yes
	}
	return first.is.has(cYes) && first.from <= opening && first.to-first.from >= 2 && len(r.text.folded) <= longest &&
		!slices.ContainsFunc(r.words, func(w word) bool { return w.is.any(reservation) }) &&
		!slices.ContainsFunc(r.text.folded, func(c rune) bool { return strings.ContainsRune("不没但别否未勿莫", c) }) &&
		!strings.Contains(string(r.text.folded), "but")
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
