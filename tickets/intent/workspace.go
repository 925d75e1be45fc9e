package intent

import "sync"

// workspace is the memory that reading one text takes, kept for the next: a letter takes some 20 KB of
// it, and what was understood holds none.
type workspace struct {
	text    script
	words   []word
	clauses []clause
}

// keptRunes bounds the workspace that is kept, so that one huge text does not stay in memory.
const keptRunes = 16 << 10

var workspaces = sync.Pool{New: func() any { return new(workspace) }}

// borrow gives a workspace nobody else uses until it is given back.
func borrow() *workspace {
	return workspaces.Get().(*workspace) //nolint:errcheck // nothing else is in the pool
}

func (w *workspace) giveBack() {
	if cap(w.text.plain) <= keptRunes {
		workspaces.Put(w)
	}
}
