package mailin

import (
	"bytes"
	"crypto/sha256"
	"strings"
)

// Fingerprint identifies a mail: two deliveries of the same mail have the
// same one, two different mails, whatever their Message-ID, have not. It is
// the SHA-256 of the mail with its line ends made LF (CRLF, CR and LF alike)
// and without the trace headers that each delivery writes anew: Return-Path,
// Delivered-To, Received, Authentication-Results, ARC-*, DKIM-Signature and
// X-*, with their folded lines.
func Fingerprint(raw []byte) [32]byte {
	h := sha256.New()
	nl := []byte{'\n'}
	pos, dropped := 0, false
	lf := -1 // the next line feed, looked for once only
	for pos < len(raw) {
		if lf < pos {
			if lf = bytes.IndexByte(raw[pos:], '\n'); lf < 0 {
				lf = len(raw)
			} else {
				lf += pos
			}
		}
		end, next := lf, lf+1
		if cr := bytes.IndexByte(raw[pos:lf], '\r'); cr >= 0 {
			end, next = pos+cr, pos+cr+1
			if next == lf {
				next++
			}
		}
		line := raw[pos:end]
		pos = min(next, len(raw))
		if len(line) == 0 {
			h.Write(nl)
			break
		}
		if line[0] != ' ' && line[0] != '\t' {
			dropped = traceField(line)
		}
		if !dropped {
			h.Write(line)
			h.Write(nl)
		}
	}
	for pos < len(raw) { // the body
		cr := bytes.IndexByte(raw[pos:], '\r')
		if cr < 0 {
			h.Write(raw[pos:])
			break
		}
		h.Write(raw[pos : pos+cr])
		h.Write(nl)
		if pos += cr + 1; pos < len(raw) && raw[pos] == '\n' {
			pos++
		}
	}
	var sum [32]byte
	h.Sum(sum[:0])
	return sum
}

func traceField(line []byte) bool {
	i := bytes.IndexByte(line[:min(len(line), 80)], ':')
	if i < 0 {
		return false
	}
	name := strings.ToLower(string(bytes.TrimRight(line[:i], " \t")))
	switch name {
	case "return-path", "delivered-to", "received", "authentication-results", "dkim-signature":
		return true
	}
	return strings.HasPrefix(name, "x-") || strings.HasPrefix(name, "arc-")
}
