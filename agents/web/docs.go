package web

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"
)

// docsView is the description of the JSON routes as a page.
type docsView struct {
	Operations []docsOperation
	Shapes     []docsShape
}

type docsOperation struct {
	ID, Method, Path, Summary, Description string
	Scope                                  string // of a key; "" no key may
	People                                 bool   // logged-in people may, too
	Public                                 bool
	Fields                                 []docsField // of path, query and header
	Example                                string      // of the body
	Body                                   string      // name of the body's shape
	Answers                                []docsAnswer
}

type docsAnswer struct {
	Status, Type, Shape string
}

type docsShape struct {
	Name   string
	Fields []docsField
}

type docsField struct {
	Name, In, Type, Shape, Doc string
	Required                   bool
}

// docs shows what openapi.json says, with no script and nothing from outside.
func (s *Server) docs(c echo.Context) error {
	var v docsView
	for _, r := range s.routes() {
		if op := s.operation(r); op != nil {
			v.Operations = append(v.Operations, docsOf(r, op))
		}
	}
	slices.SortStableFunc(v.Operations, func(a, b docsOperation) int { return strings.Compare(a.Path, b.Path) })
	all := s.api.OpenAPI().Components.Schemas.Map()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		v.Shapes = append(v.Shapes, docsShape{Name: name, Fields: fieldsOf(all[name])})
	}
	return s.render(c, http.StatusOK, "docs", v)
}

func docsOf(r route, op *huma.Operation) docsOperation {
	out := docsOperation{
		ID: op.OperationID, Method: op.Method, Path: op.Path, Summary: op.Summary, Description: op.Description,
		Scope: r.who.scope, People: r.who.may != "", Public: r.who.public,
	}
	for _, p := range op.Parameters {
		f := docsField{Name: p.Name, In: p.In, Doc: p.Description, Required: p.Required}
		f.Type, f.Shape = kindOf(p.Schema)
		if f.Doc == "" && p.Schema != nil {
			f.Doc = p.Schema.Description
		}
		out.Fields = append(out.Fields, f)
	}
	if op.RequestBody != nil {
		if media := op.RequestBody.Content[echo.MIMEApplicationJSON]; media != nil {
			_, out.Body = kindOf(media.Schema)
			if raw, ok := media.Example.(json.RawMessage); ok {
				var b bytes.Buffer
				if err := json.Indent(&b, raw, "", "  "); err == nil {
					out.Example = b.String()
				}
			}
		}
	}
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		a := docsAnswer{Status: status}
		for kind, media := range op.Responses[status].Content {
			a.Type = kind
			_, a.Shape = kindOf(media.Schema)
		}
		out.Answers = append(out.Answers, a)
	}
	return out
}

// fieldsOf are the members of an object, in order.
func fieldsOf(s *huma.Schema) []docsField {
	var out []docsField
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[name]
		f := docsField{Name: name, Doc: p.Description, Required: slices.Contains(s.Required, name)}
		f.Type, f.Shape = kindOf(p)
		out = append(out, f)
	}
	return out
}

// kindOf says what a value is, and the name of its shape where it has one.
func kindOf(s *huma.Schema) (kind, shape string) {
	switch {
	case s == nil:
		return "", ""
	case s.Ref != "":
		return "", s.Ref[strings.LastIndex(s.Ref, "/")+1:]
	case s.Type == huma.TypeArray:
		kind, shape = kindOf(s.Items)
		return strings.TrimSpace("array " + kind), shape
	case len(s.Enum) > 0:
		var words []string
		for _, e := range s.Enum {
			if word, ok := e.(string); ok {
				words = append(words, word)
			}
		}
		return strings.Join(words, " | "), ""
	case s.Format != "":
		return s.Format, ""
	}
	return s.Type, ""
}
