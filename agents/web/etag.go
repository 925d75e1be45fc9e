package web

import (
	"strconv"
	"strings"

	"github.com/canceldesk/canceldesk/tickets"
)

// etag names the ticket's version.
func etag(t tickets.Ticket) string { return strconv.Quote(strconv.FormatInt(t.Version, 10)) }

// IfMatch is the header that guards a change of a ticket. It is exported because huma looks into no
// others.
type IfMatch struct {
	Tag string `header:"If-Match" doc:"ETag of the ticket as it was read; 412 where it was changed since. Without it the ticket is changed as it is."`
}

// versions are those that the header allows; none allows every one. A weakened tag counts, because
// proxies that compress weaken tags; what is no version of ours matches nothing.
func (h IfMatch) versions() []int64 {
	if h.Tag == "" || strings.TrimSpace(h.Tag) == "*" {
		return nil
	}
	const never = -1
	var out []int64
	for tag := range strings.SplitSeq(h.Tag, ",") {
		tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
		v, err := strconv.ParseInt(strings.Trim(tag, `"`), 10, 64)
		if err != nil {
			v = never
		}
		out = append(out, v)
	}
	return out
}
