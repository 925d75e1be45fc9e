package mailin

import (
	"bytes"
	"strings"
)

// part is one node of the MIME tree. Only leaves have a body, still encoded:
// it points into the raw mail.
type part struct {
	header      header
	media       string // "text/plain"
	declared    string // media as the header says it, whatever the body turned out to be
	params      params
	disposition string // "attachment", "inline", …, or ""
	dispParams  params
	encoding    string // see transferName
	body        []byte
	children    []*part
}

func (p *part) is(prefix string) bool { return strings.HasPrefix(p.media, prefix) }

// walker cuts a raw mail into parts in one pass: every line that starts with
// two dashes is looked up among all open boundaries, so that a multipart that
// was never closed ends where its parent goes on, and the work stays linear
// however deep the nesting. The MIME readers of libraries, net/mail and
// go-message among them, are stacked one for each level, so that each level
// looks at every line below it again, and they give up at the first thing
// wrong. Their tables are used where tables are what counts: charsets come
// from golang.org/x/text, HTML from golang.org/x/net and bluemonday.
type walker struct {
	raw     []byte
	o       Options
	bounds  map[string]int // open boundary → level
	parts   int
	outside []byte // text before the first part and behind the last one
	defects defects
}

func newWalker(raw []byte, o Options) *walker {
	if bytes.IndexByte(raw, '\n') < 0 && bytes.IndexByte(raw, '\r') >= 0 {
		raw = bytes.ReplaceAll(raw, []byte("\r"), []byte("\n"))
	}
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	return &walker{raw: raw, o: o.withDefaults()}
}

// root reads the whole mail.
func (w *walker) root() *part {
	pos := 0
	for pos < len(w.raw) { // blank lines before the header
		line, next := nextLine(w.raw, pos)
		if len(bytes.TrimSpace(line)) > 0 || next >= len(w.raw) {
			break
		}
		pos = next
	}
	p, _ := w.entity(pos, 0, "text/plain")
	return p
}

// entity reads header and body of the part at pos and returns where the next
// delimiter line (or the end) is.
func (w *walker) entity(pos, depth int, def string) (*part, int) {
	w.parts++
	p := &part{}
	var stop func([]byte) bool
	if depth > 0 {
		stop = func(line []byte) bool { level, _ := w.delimiter(line); return level > 0 }
	}
	p.header, pos = headerBlock(w.raw, pos, w.o.MaxHeaderBytes, stop, w.defects.note)
	p.describe(def)
	if p.encoding == "?" {
		w.defects.note(DefectUnknownEncoding, oneLine(strings.ToValidUTF8(p.header.get("Content-Transfer-Encoding"), "?")))
		p.encoding = ""
	}
	if !p.is("multipart/") {
		end, next := w.bodyEnd(pos)
		p.body = w.raw[pos:end]
		return p, next
	}
	if depth >= w.o.MaxDepth {
		w.defects.note(DefectTooDeep, "")
		end, next := w.bodyEnd(pos)
		p.media, p.body = "application/octet-stream", w.raw[pos:end]
		return p, next
	}
	return p, w.multipart(p, pos, depth+1)
}

// describe fills in what the header says about the part.
func (p *part) describe(def string) {
	v, ps := parseParams(p.header.get("Content-Type"))
	p.params = ps
	if v == "" {
		p.media = def
	} else {
		p.media = mediaType(v, "text/plain")
	}
	p.declared = p.media
	p.disposition, p.dispParams = parseParams(p.header.get("Content-Disposition"))
	p.encoding = transferName(p.header.get("Content-Transfer-Encoding"))
}

// multipart reads the parts of p, whose level is its depth among multiparts.
func (w *walker) multipart(p *part, pos, level int) int {
	start := pos
	boundary := strings.TrimRight(p.params.get("boundary"), " \t")
	release, first := w.open(boundary, pos, level)
	if release == nil {
		if boundary = w.guessBoundary(boundary, pos); boundary != "" {
			w.defects.note(DefectBadBoundary, "")
			release, first = w.open(boundary, pos, level)
		}
	}
	if release == nil {
		w.defects.note(DefectNoBoundary, "")
		end, next := w.bodyEnd(pos)
		p.media, p.body, p.encoding = "text/plain", w.raw[start:end], ""
		if looksHTML(p.body) {
			p.media = "text/html"
		}
		return next
	}
	defer release()
	if level == 1 {
		w.outside = w.raw[pos:first]
	}
	pos = first // past the preamble
	def := "text/plain"
	if p.media == "multipart/digest" {
		def = "message/rfc822"
	}
	for pos < len(w.raw) {
		line, next := nextLine(w.raw, pos)
		at, closed := w.delimiter(line)
		if at != level {
			w.defects.note(DefectUnclosedMultipart, "")
			return pos // an outer boundary: the parent goes on
		}
		if closed {
			return w.epilogue(p, next, level)
		}
		if w.parts >= w.o.MaxParts {
			w.defects.note(DefectTooManyParts, "")
			p.children = append(p.children, &part{media: "application/octet-stream", body: w.raw[pos:]})
			return len(w.raw)
		}
		var child *part
		child, pos = w.entity(next, level, def)
		p.children = append(p.children, child)
	}
	w.defects.note(DefectUnclosedMultipart, "")
	return pos
}

// epilogue passes over what follows the closing delimiter. Some mailers go on
// with parts after it, and these are kept.
func (w *walker) epilogue(p *part, pos, level int) int {
	end, next := w.bodyEnd(pos)
	if level == 1 && len(bytes.TrimSpace(w.outside)) == 0 {
		w.outside = w.raw[pos:end]
	}
	if next < len(w.raw) {
		line, after := nextLine(w.raw, next)
		if at, closed := w.delimiter(line); at == level {
			w.defects.note(DefectPartsAfterEnd, "")
			if closed || w.parts >= w.o.MaxParts {
				return w.skipLevel(after, level)
			}
			child, end := w.entity(after, level, "text/plain")
			p.children = append(p.children, child)
			return w.skipLevel(end, level)
		}
	}
	return next
}

// skipLevel goes on to the next delimiter of an outer level.
func (w *walker) skipLevel(pos, level int) int {
	for pos < len(w.raw) {
		_, next := w.bodyEnd(pos)
		if next >= len(w.raw) {
			return next
		}
		line, after := nextLine(w.raw, next)
		if at, _ := w.delimiter(line); at != level {
			return next
		}
		pos = after
	}
	return pos
}

// bodyEnd finds the next delimiter line at or after pos: end is where the
// body before it ends, without the line end that belongs to the delimiter.
func (w *walker) bodyEnd(pos int) (end, next int) {
	if len(w.bounds) == 0 {
		return len(w.raw), len(w.raw)
	}
	for i := pos; i < len(w.raw); {
		if i > pos || !bytes.HasPrefix(w.raw[i:], []byte("--")) {
			j := bytes.Index(w.raw[max(i-1, pos):], []byte("\n--"))
			if j < 0 {
				break
			}
			i = max(i-1, pos) + j + 1
		}
		line, after := nextLine(w.raw, i)
		if level, _ := w.delimiter(line); level > 0 {
			end = i
			if end > pos && w.raw[end-1] == '\n' {
				end--
				if end > pos && w.raw[end-1] == '\r' {
					end--
				}
			}
			return end, i
		}
		i = after
	}
	return len(w.raw), len(w.raw)
}

// delimiter tells which open boundary a line stands for, 0 for none.
func (w *walker) delimiter(line []byte) (level int, closed bool) {
	if len(line) < 3 || line[0] != '-' || line[1] != '-' || len(line) > 1000 {
		return 0, false
	}
	b := bytes.TrimRight(line[2:], " \t")
	if l, ok := w.bounds[string(b)]; ok {
		return l, false
	}
	if b, ok := bytes.CutSuffix(b, []byte("--")); ok {
		if l, ok := w.bounds[string(bytes.TrimRight(b, " \t"))]; ok {
			return l, true
		}
	}
	return 0, false
}

// open makes a boundary known if a line of it comes before the next one of an
// enclosing multipart; first is where. release forgets it, and is nil when the
// boundary does not occur.
func (w *walker) open(boundary string, pos, level int) (release func(), first int) {
	if boundary == "" {
		return nil, 0
	}
	if w.bounds == nil {
		w.bounds = map[string]int{}
	}
	outer, shadowed := w.bounds[boundary]
	w.bounds[boundary] = level
	release = func() {
		if shadowed {
			w.bounds[boundary] = outer
		} else {
			delete(w.bounds, boundary)
		}
	}
	_, first = w.bodyEnd(pos)
	if first < len(w.raw) {
		line, _ := nextLine(w.raw, first)
		if at, _ := w.delimiter(line); at == level {
			return release, first
		}
	}
	release()
	return nil, 0
}

// guessBoundary looks at the first lines of a multipart body for one that
// starts with dashes and is the declared one but for its case, or is followed by
// a Content- field.
func (w *walker) guessBoundary(declared string, pos int) string {
	for range 50 {
		if pos >= len(w.raw) {
			return ""
		}
		line, next := nextLine(w.raw, pos)
		if level, _ := w.delimiter(line); level > 0 {
			return ""
		}
		if len(line) > 4 && len(line) < 200 && bytes.HasPrefix(line, []byte("--")) && next < len(w.raw) {
			if b := string(bytes.TrimRight(line[2:], " \t")); strings.EqualFold(b, declared) {
				return b
			}
			after, _ := nextLine(w.raw, next)
			if len(after) > 8 && bytes.EqualFold(after[:8], []byte("content-")) {
				return string(bytes.TrimRight(line[2:], " \t"))
			}
		}
		pos = next
	}
	return ""
}

func looksHTML(b []byte) bool {
	b = bytes.ToLower(bytes.TrimSpace(b[:min(len(b), 512)]))
	return bytes.HasPrefix(b, []byte("<html")) || bytes.HasPrefix(b, []byte("<!doctype html"))
}
