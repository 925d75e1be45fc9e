package web

import (
	"encoding/json"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"
)

// Row is a line of the route table, for tests.
type Row struct {
	Route   string // method and path
	Public  bool
	Outside bool // with Public: but nobody who is signed in
	May     string
	Scope   string
}

// Table is the route table.
func (s *Server) Table() []Row {
	var out []Row
	for _, r := range s.routes() {
		scope := r.who.scope
		if r.who.accounts {
			scope += " + accounts:read"
		}
		out = append(out, Row{Route: r.method + " " + r.path, Public: r.who.public, Outside: r.who.outside, May: string(r.who.may), Scope: scope})
	}
	return out
}

// Echo lists what echo would answer.
func (s *Server) Echo() []string {
	var out []string
	for _, r := range s.echo.Routes() {
		out = append(out, r.Method+" "+r.Path)
	}
	return out
}

// Example is the body that a JSON operation is described with; "" where it has none.
func (s *Server) Example(method, path string) string {
	op := s.operation(route{method: method, path: path})
	if op == nil || op.RequestBody == nil || op.RequestBody.Content[echo.MIMEApplicationJSON] == nil {
		return ""
	}
	b, _ := op.RequestBody.Content[echo.MIMEApplicationJSON].Example.(json.RawMessage)
	return string(b)
}

// Answer is how an operation's answer is described; nil where it is not.
func (s *Server) Answer(method, path string, status int, kind string) *huma.Schema {
	op := s.operation(route{method: method, path: path})
	if op == nil {
		return nil
	}
	answer := op.Responses[strconv.Itoa(status)]
	if answer == nil {
		answer = op.Responses["default"]
	}
	if answer == nil || answer.Content[kind] == nil {
		return nil
	}
	return answer.Content[kind].Schema
}

// OpenAPI is the description of the JSON routes.
func (s *Server) OpenAPI() *huma.OpenAPI { return s.api.OpenAPI() }

// Catalogue is the texts of a language.
func Catalogue(lang string) map[string]string {
	w, err := loadWords(lang, nil, nil)
	if err != nil {
		return nil
	}
	return w.texts
}

// LocalPath is localPath, SafeName safeName.
var (
	LocalPath = localPath
	SafeName  = safeName
)
