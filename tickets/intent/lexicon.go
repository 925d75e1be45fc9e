package intent

import (
	_ "embed"
	"errors"
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

// lexicon is a trie over all terms. The edges that leave the root, which is tried at nearly every
// character of a text, are in a table; those of any other node, few, are a list.
type lexicon struct {
	first [firstRunes]int32 // edges of the root for the characters of the basic plane, 0 where none
	nodes []node            // the root first
}

// node is a place in the trie.
type node struct {
	edges []edge
	is    concepts // what the term ending here means; empty where none ends
}

type edge struct {
	on rune
	to int32
}

// firstRunes is the size of the basic plane; some emoji are outside.
const firstRunes = 0x10000

// begin is the node that the first character of a term leads to, 0 where none begins with it.
func (l *lexicon) begin(on rune) int32 {
	if on >= 0 && on < firstRunes {
		return l.first[on]
	}
	return l.nodes[0].next(on)
}

// next is the node that a character leads to, 0 where none.
func (n *node) next(on rune) int32 {
	for _, e := range n.edges {
		if e.on == on {
			return e.to
		}
	}
	return 0
}

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
	l := &lexicon{nodes: make([]node, 1, 1<<15)}
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
					if err := l.add(t, c); err != nil {
						return nil, fmt.Errorf("lexicon line %d: %w", n+1, err)
					}
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

func (l *lexicon) add(term string, c concept) error {
	if term == "" {
		return errors.New("empty term")
	}
	at := int32(0)
	for i, r := range []rune(term) {
		r = fold(halfWidth(r))
		next := l.nodes[at].next(r)
		if i == 0 {
			next = l.begin(r)
		}
		if next == 0 {
			next = int32(len(l.nodes))
			l.nodes = append(l.nodes, node{})
			if i == 0 && r >= 0 && r < firstRunes {
				l.first[r] = next
			} else {
				l.nodes[at].edges = append(l.nodes[at].edges, edge{on: r, to: next})
			}
		}
		at = next
	}
	l.nodes[at].is = l.nodes[at].is.with(c)
	return nil
}

// scan finds the longest term at each place, left to right, none overlapping.
// A term of Latin letters or digits matches whole words only. A term is short, so the
// time is linear in the text. The words are written into the memory of old ones.
func (l *lexicon) scan(t script, old []word) []word {
	f := t.folded
	words := old[:0]
	for i := 0; i < len(f); {
		if l.begin(f[i]) == 0 || i > 0 && sameWord(f[i-1], f[i]) {
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
	at := l.begin(f[i])
	for j := i; at != 0; j++ {
		n := &l.nodes[at]
		if !n.is.empty() && (j+1 >= len(f) || !sameWord(f[j], f[j+1])) {
			end, is = j+1, n.is
		}
		if j+1 >= len(f) {
			break
		}
		at = n.next(f[j+1])
	}
	return end, is
}

// sameWord tells whether two neighbours belong to one Latin word or number.
func sameWord(a, b rune) bool { return isLatin(a) && isLatin(b) || isDigit(a) && isDigit(b) }
