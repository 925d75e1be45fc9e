package reply

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/emersion/go-message"

	"github.com/canceldesk/canceldesk/tickets"
)

// File is one file that goes out with an answer.
type File struct {
	Name, Type string
	Content    []byte
}

// maxFileName is the most runes of a file's name.
const maxFileName = 120

// files are those of the agent's message that an answer carries. They are read before the transaction,
// because they lie elsewhere.
func (w *Writer) files(ctx context.Context, ticketID int64, r ref) ([]File, error) {
	if r.tell != tickets.TellAnswer {
		return nil, nil
	}
	messages, err := w.cfg.Store.Messages(ctx, ticketID)
	if err != nil {
		return nil, fmt.Errorf("load messages: %w", err)
	}
	i := slices.IndexFunc(messages, func(m tickets.Message) bool { return m.ID == r.message })
	if i < 0 || len(messages[i].Attachments) == 0 {
		return nil, nil
	}
	files, err := w.cfg.Files(ctx, messages[i])
	if err != nil {
		return nil, fmt.Errorf("read files: %w", err)
	}
	return files, nil
}

// boundary separates the parts of a mail. It is made from the Message-ID, so that the same mail has the same
// bytes, and begins with "=_", which neither quoted-printable nor base64 ever writes (RFC 2045 section 6.7).
func boundary(mailID string) string {
	sum := sha256.Sum256([]byte(mailID))
	return "=_" + hex.EncodeToString(sum[:16])
}

// withFiles is a mail of one text and files. h is the mail's header with the text's own fields, which move to
// the part.
func withFiles(h message.Header, body []byte, mailID string, files []File) ([]byte, error) {
	var part message.Header
	for _, key := range []string{"Content-Language", "Content-Transfer-Encoding", "Content-Type"} {
		part.Set(key, h.Get(key))
		h.Del(key)
	}
	text, err := written(part, body)
	if err != nil {
		return nil, err
	}
	b := boundary(mailID)
	h.Set("Content-Type", `multipart/mixed; boundary="`+b+`"`)
	head, err := written(h, nil)
	if err != nil {
		return nil, err
	}
	var out strings.Builder
	out.Write(head)
	out.WriteString("--" + b + "\r\n")
	out.Write(text)
	for _, f := range files {
		out.WriteString("--" + b + "\r\n" + fileHeader(f) + "\r\n")
		for line := range slices.Chunk([]byte(base64.StdEncoding.EncodeToString(f.Content)), 76) {
			out.Write(line)
			out.WriteString("\r\n")
		}
	}
	out.WriteString("--" + b + "--\r\n")
	return []byte(out.String()), nil
}

// textPart cuts a mail that withFiles wrote into what comes before its text, that part, and what comes
// after; ok is false for any other mail.
func textPart(h message.Header, raw []byte) (before, part, after string, ok bool) {
	kind, params, err := h.ContentType()
	if err != nil || kind != "multipart/mixed" {
		return "", "", "", false
	}
	mark := "--" + params["boundary"] + "\r\n"
	before, rest, found := strings.Cut(string(raw), "\r\n"+mark)
	part, after, more := strings.Cut(rest, "\r\n"+mark)
	return before + "\r\n" + mark, part + "\r\n", mark + after, found && more
}

var mediaType = regexp.MustCompile(`^[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}$`)

// fileHeader is the header of a file's part. A name that is not ASCII stands in it in two ways, because
// nothing is read by all: as RFC 2231 says in filename, which today's programs read, and as an encoded word
// (RFC 2047) in name, which is against that standard and what Outlook, Foxmail and QQ write themselves, and
// what the old ones of them read.
func fileHeader(f File) string {
	kind := f.Type
	if !mediaType.MatchString(kind) || strings.HasPrefix(kind, "multipart/") || strings.HasPrefix(kind, "message/") {
		kind = "application/octet-stream" // base64 is not allowed on the others (RFC 2046 section 5)
	}
	name := fileName(f.Name)
	filename := `filename="` + name + `"`
	if !isASCII(name) {
		filename = strings.Join(extended("filename", name), ";\r\n ")
		name = encoded(name)
	}
	name = `"` + name + `"`
	return "Content-Type: " + kind + ";\r\n name=" + name + "\r\n" +
		"Content-Transfer-Encoding: base64\r\n" +
		"Content-Disposition: attachment;\r\n " + filename + "\r\n"
}

// fileName is a name that neither leads out of a folder nor out of its header.
func fileName(s string) string {
	s = oneLine(strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\":`, r) {
			return '_'
		}
		return r
	}, s), maxFileName)
	if s = strings.TrimLeft(s, ". "); s == "" {
		return "file"
	}
	return s
}

// encoded is a text that is not ASCII as encoded words (RFC 2047), folded between them: none is cut inside a
// character, and no line is longer than 76, the name of a short header field before the first included.
func encoded(s string) string {
	const most = 39 // bytes, which make a word of 64
	words := []string{""}
	for _, r := range s {
		if len(words[len(words)-1])+len(string(r)) > most {
			words = append(words, "")
		}
		words[len(words)-1] += string(r)
	}
	for i, w := range words {
		words[i] = "=?utf-8?B?" + base64.StdEncoding.EncodeToString([]byte(w)) + "?="
	}
	return strings.Join(words, "\r\n ")
}

func isASCII(s string) bool { return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 }) }

// extended is a parameter as RFC 2231 writes one that is not ASCII, in several pieces where it is long and
// never cut inside a character.
func extended(key, value string) []string {
	const most = 54 // with the key a line stays under 78
	pieces := []string{""}
	for _, r := range value {
		next := string(r)
		if r >= 0x80 || !isAttrChar(byte(r)) {
			next = strings.ToUpper(strings.ReplaceAll(fmt.Sprintf("% x", next), " ", "%"))
			next = "%" + next
		}
		if len(pieces[len(pieces)-1])+len(next) > most {
			pieces = append(pieces, "")
		}
		pieces[len(pieces)-1] += next
	}
	pieces[0] = "utf-8''" + pieces[0]
	if len(pieces) == 1 {
		return []string{key + "*=" + pieces[0]}
	}
	for i, p := range pieces {
		pieces[i] = fmt.Sprintf("%s*%d*=%s", key, i, p)
	}
	return pieces
}

// isAttrChar reports whether a byte may stand in such a parameter as it is (RFC 2231 section 7).
func isAttrChar(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || strings.IndexByte("!#$&+-.^_`{|}~", b) >= 0
}
