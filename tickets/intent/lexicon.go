package intent

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
)

//go:embed lexicon/zh.txt
var chineseLexicon string

//go:embed lexicon/en.txt
var englishLexicon string

//go:embed lexicon/denial.txt
var denialLexicon string

// lexicon is a trie over all terms. A node's outgoing edges are in one map
// keyed by node and rune, so a step costs one look-up.
type lexicon struct {
	edges map[uint64]int32
	ends  []concepts // what the term ending at a node means; empty where none ends
	first [firstRunes]bool
}

const firstRunes = 0x10000

// word is one term found in a text, at folded[from:to].
type word struct {
	from, to int
	is       concepts
}

// vocabulary is the built-in lexicon, compiled once. It panics on a broken
// lexicon file, which is a fault of the build and met by any test.
var vocabulary = sync.OnceValue(func() *lexicon {
	l, err := compile(chineseLexicon, englishLexicon)
	if err != nil {
		panic(err)
	}
	return l
})

// denials is the lexicon of denying, compiled once like vocabulary.
var denials = sync.OnceValue(func() *lexicon {
	l, err := compile(denialLexicon)
	if err != nil {
		panic(err)
	}
	return l
})

// compile builds a lexicon from files of lines "concept: term, term".
func compile(files ...string) (*lexicon, error) {
	l := &lexicon{edges: make(map[uint64]int32, 1<<15), ends: make([]concepts, 1, 1<<15)}
	for _, file := range files {
		for n, line := range strings.Split(file, "\n") {
			if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			name, terms, ok := strings.Cut(line, ": ")
			c, known := conceptByName(name)
			if !ok || !known {
				return nil, fmt.Errorf("lexicon line %d: unknown concept %q", n+1, name)
			}
			for _, term := range strings.Split(terms, ", ") {
				for _, t := range alternatives(strings.TrimSpace(term)) {
					if t == "" {
						return nil, fmt.Errorf("lexicon line %d: empty term", n+1)
					}
					l.add(t, c)
				}
			}
		}
	}
	return l, nil
}

// alternatives expands "(a|b|)c" to "ac", "bc", "c".
func alternatives(term string) []string {
	open := strings.IndexByte(term, '(')
	if open < 0 {
		return []string{term}
	}
	width := strings.IndexByte(term[open:], ')')
	if width < 0 {
		return []string{term}
	}
	var out []string
	for _, choice := range strings.Split(term[open+1:open+width], "|") {
		out = append(out, alternatives(term[:open]+choice+term[open+width+1:])...)
	}
	return out
}

func (l *lexicon) add(term string, c concept) {
	node := int32(0)
	for i, r := range []rune(term) {
		r = fold(halfWidth(r))
		if i == 0 && r < firstRunes {
			l.first[r] = true
		}
		key := uint64(node)<<32 | uint64(uint32(r))
		next, ok := l.edges[key]
		if !ok {
			next = int32(len(l.ends))
			l.ends = append(l.ends, concepts{})
			l.edges[key] = next
		}
		node = next
	}
	l.ends[node] = l.ends[node].with(c)
}

// scan finds the longest term at each place, left to right, none overlapping.
// A term of Latin letters or digits matches whole words only. A term is short, so the
// time is linear in the text.
func (l *lexicon) scan(t script) []word {
	f := t.folded
	words := make([]word, 0, len(f)/3+4)
	for i := 0; i < len(f); {
		if f[i] < firstRunes && !l.first[f[i]] || i > 0 && sameWord(f[i-1], f[i]) {
			i++
			continue
		}
		end, is := l.longest(f, i)
		if end == 0 {
			i++
			continue
		}
		words = append(words, word{from: i, to: end, is: is})
		i = end
	}
	return words
}

// longest gives the end and the meaning of the longest term at position i, or
// zero where there is none.
func (l *lexicon) longest(f []rune, i int) (end int, is concepts) {
	node := int32(0)
	for j := i; j < len(f); j++ {
		next, ok := l.edges[uint64(node)<<32|uint64(uint32(f[j]))]
		if !ok {
			break
		}
		node = next
		if l.ends[node].empty() {
			continue
		}
		if j+1 < len(f) && sameWord(f[j], f[j+1]) {
			continue
		}
		end, is = j+1, l.ends[node]
	}
	return end, is
}

// sameWord tells whether two neighbours belong to one Latin word or number.
func sameWord(a, b rune) bool { return isLatin(a) && isLatin(b) || isDigit(a) && isDigit(b) }
