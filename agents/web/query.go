package web

import (
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/tickets"
)

// parameters are the query parameters that an operation's input reads, in their order. None where it reads
// none.
func parameters(input reflect.Type) []string {
	var names []string
	for _, f := range reflect.VisibleFields(input) {
		if name, _, _ := strings.Cut(f.Tag.Get("query"), ","); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// unknownParameter refuses a request with a query parameter that the operation does not read: a filter that
// is left out by mistake shows everything, and a cursor under another name the first page for ever.
func unknownParameter(c echo.Context, known []string) error {
	var wrong []problemDetail
	for name := range c.QueryParams() {
		if slices.Contains(known, name) {
			continue
		}
		wrong = append(wrong, problemDetail{
			Message: "There is no such parameter. There are: " + strings.Join(known, ", ") + ".", Location: "query." + name,
		})
	}
	if len(known) == 0 || len(wrong) == 0 {
		return nil
	}
	slices.SortFunc(wrong, func(a, b problemDetail) int { return strings.Compare(a.Location, b.Location) })
	detail := "validation failed"
	if slices.Contains(known, "after") {
		detail += ": the next page is asked for by after, with the next_cursor of the page before"
	}
	return &problem{
		Status: http.StatusUnprocessableEntity, Code: string(tickets.Invalid), Title: http.StatusText(http.StatusUnprocessableEntity),
		Detail: detail, Errors: wrong,
	}
}
