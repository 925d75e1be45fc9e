package mailin

import "bytes"

// uuBlock is one uuencoded file inside a text.
type uuBlock struct {
	name  string
	lines []byte // between begin and end
}

// uuBlocks finds the complete uuencoded files in a text and returns the text
// without them. A begin without its end is left as text.
func uuBlocks(b []byte) (blocks []uuBlock, rest []byte) {
	if !bytes.Contains(b, []byte("begin ")) {
		return nil, b
	}
	kept := 0
	for pos := 0; pos < len(b); {
		line, next := nextLine(b, pos)
		name, ok := uuBegin(line)
		if !ok {
			pos = next
			continue
		}
		end, after := uuEnd(b, next)
		if end < 0 {
			// Lines up to here were checked already; going on after them keeps this linear.
			pos = after
			continue
		}
		blocks = append(blocks, uuBlock{name, b[next:end]})
		rest = append(rest, b[kept:pos]...)
		kept, pos = after, after
	}
	if blocks == nil {
		return nil, b
	}
	return blocks, append(rest, b[kept:]...)
}

// uuBegin reads a line "begin 644 name".
func uuBegin(line []byte) (name string, ok bool) {
	f := bytes.SplitN(line, []byte(" "), 3)
	if len(f) != 3 || string(f[0]) != "begin" || len(f[1]) < 3 || len(f[1]) > 4 || len(bytes.TrimSpace(f[2])) == 0 {
		return "", false
	}
	for _, c := range f[1] {
		if c < '0' || c > '7' {
			return "", false
		}
	}
	return string(bytes.TrimSpace(f[2])), true
}

// uuEnd finds the line "end" that closes a block; -1 when the lines stop
// being uuencoded before.
func uuEnd(b []byte, pos int) (end, after int) {
	for pos < len(b) {
		line, next := nextLine(b, pos)
		if string(bytes.TrimSpace(line)) == "end" {
			return pos, next
		}
		if len(line) > 0 && (line[0] < ' ' || line[0] > '`' || len(line) > 90) {
			return -1, pos
		}
		pos = next
	}
	return -1, pos
}

func uuDecode(b []byte) []byte {
	out := make([]byte, 0, len(b)*3/4)
	for pos := 0; pos < len(b); {
		var line []byte
		line, pos = nextLine(b, pos)
		if len(line) == 0 {
			continue
		}
		n := int(line[0]-' ') & 63
		line = line[1:]
		start := len(out)
		for i := 0; i < len(line) && len(out)-start < n; i += 4 {
			var q [4]byte
			for j := range q {
				if i+j < len(line) {
					q[j] = (line[i+j] - ' ') & 63
				}
			}
			out = append(out, q[0]<<2|q[1]>>4, q[1]<<4|q[2]>>2, q[2]<<6|q[3])
		}
		if len(out)-start > n {
			out = out[:start+n]
		}
	}
	return out
}
