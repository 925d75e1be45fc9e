package intent

import "slices"

// clause is a stretch of text between two stops, with the words found in it.
type clause struct {
	from, to int    // in the script
	words    []word // in order
	all      concepts
	sentence int  // clauses of one sentence share a number
	question bool // its sentence ends in a question mark, or it asks by its form
	agent    bool // an agent or a bot says it, in a transcript
}

func (c *clause) has(k concept) bool     { return c.all.has(k) }
func (c *clause) hasAny(s concepts) bool { return c.all.any(s) }

// find gives the index of the first word from i on that means any of s, or -1.
func (c *clause) find(s concepts, i int) int {
	for ; i < len(c.words); i++ {
		if c.words[i].is.any(s) {
			return i
		}
	}
	return -1
}

// before tells whether a word meaning any of s ends at most gap characters
// before word i begins.
func (c *clause) before(i int, s concepts, gap int) bool {
	for j := i - 1; j >= 0 && c.words[i].from-c.words[j].to <= gap; j-- {
		if c.words[j].is.any(s) {
			return true
		}
	}
	return false
}

// following tells whether a word meaning any of s begins at most gap
// characters after word i ends.
func (c *clause) following(i int, s concepts, gap int) bool {
	for j := i + 1; j < len(c.words) && c.words[j].from-c.words[i].to <= gap; j++ {
		if c.words[j].is.any(s) {
			return true
		}
	}
	return false
}

// longestClause bounds the characters of a clause, for a text without any
// punctuation: the grammar compares the words of a clause with each other, and
// this keeps its time linear in the text.
const longestClause = 240

// split cuts a text into clauses at punctuation, line ends, a blank between
// Han characters and conjunctions, and hands each its words. Who speaks in a
// transcript goes on until the next speaker. The clauses are written into the memory of old ones.
func split(t script, words []word, old []clause) []clause {
	f := t.folded
	out := old[:0]
	start, next, sentence := 0, 0, 0
	agent, dialogue := false, isDialogue(words)
	cut := func(end int) {
		first := next
		c := clause{from: start, to: end, sentence: sentence, agent: agent}
		for next < len(words) && words[next].from < end {
			c.all = c.all.or(words[next].is)
			next++
		}
		c.words = words[first:next]
		if len(c.words) > 0 || slices.ContainsFunc(f[start:end], isDigit) {
			out = append(out, c)
		}
		start = end
	}
	asks := func(since int) {
		for i := len(out) - 1; i >= 0 && out[i].sentence == since; i-- {
			out[i].question = true
		}
	}
	w := 0
	for i := 0; i < len(f); i++ {
		for w < len(words) && words[w].to <= i {
			w++
		}
		inWord := w < len(words) && words[w].from < i
		if i-start >= longestClause && !inWord {
			cut(i)
		}
		if w < len(words) && words[w].from == i {
			switch is := words[w].is; {
			case is.has(cAgentsays):
				cut(i)
				sentence++
				agent = dialogue
			case is.has(cCustomersays):
				cut(i)
				sentence++
				agent = false
			case is.has(cConj) && i > start:
				cut(i)
			}
		}
		if inWord || w < len(words) && words[w].from == i {
			continue
		}
		switch stop(f, i) {
		case 1:
			cut(i)
		case 2:
			cut(i)
			sentence++
		case 3:
			cut(i)
			asks(sentence)
			sentence++
		}
	}
	cut(len(f))
	for i := range out {
		out[i].question = out[i].question || asksByForm(f[out[i].from:out[i].to])
	}
	return out
}

// isDialogue tells a transcript, which names both speakers, from a letter that
// begins "尊敬的客服：".
func isDialogue(words []word) bool {
	var all concepts
	for _, w := range words {
		all = all.or(w.is)
	}
	return all.has(cAgentsays) && all.has(cCustomersays)
}

// stop classifies the character at i: 0 none, 1 ends a clause, 2 ends a
// sentence, 3 ends a question.
func stop(f []rune, i int) int {
	inside := i > 0 && i+1 < len(f) && isWord(f[i-1]) && isWord(f[i+1])
	switch f[i] {
	case '?':
		return 3
	case '\n', '!', ';', '。', '…', '｡':
		return 2
	case '.':
		if inside {
			return 0
		}
		return 2
	case ',', ':':
		if inside {
			return 0
		}
		return 1
	case '、', '(', ')', '~', '【', '】', '[', ']', '→':
		return 1
	case ' ':
		if i > 0 && i+1 < len(f) && isHan(f[i-1]) && isHan(f[i+1]) {
			return 1
		}
	case '-':
		if i+1 < len(f) && f[i+1] == '-' || i > 0 && f[i-1] == ' ' {
			return 1
		}
	}
	return 0
}

// asksByForm knows a Chinese question without its mark by its last particle.
func asksByForm(f []rune) bool {
	for i := len(f) - 1; i >= 0; i-- {
		switch f[i] {
		case '吗', '么', '呢', '嘛', '没', '未', '不':
			return i > 0
		case '有':
			return i > 1 && f[i-1] == '没'
		case ' ', '\n', '"', '.', '!', '啊', '呀':
		default:
			return false
		}
	}
	return false
}
