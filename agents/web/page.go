package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/agents"
	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static
var staticFiles embed.FS

const (
	flashGood = "flash"
	flashBad  = "flash_bad"

	languageCookie = "canceldesk_language"
)

// pages are the parsed templates, by language and name.
type pages struct {
	sets   map[string]map[string]*template.Template
	words  map[string]*words
	styles string // version of the style sheet, for its address
}

// pageNames are the templates that are whole pages.
func pageNames() []string {
	return []string{
		"login", "queue", "ticket", "intake", "outbox", "alarms", "newcase", "docs", "error", "customer", "receipt", "code", "gone",
	}
}

func loadPages(zone *time.Location, now func() time.Time) (*pages, error) {
	css, err := staticFiles.ReadFile("static/app.css")
	if err != nil {
		return nil, fmt.Errorf("style sheet: %w", err)
	}
	own, err := staticFiles.ReadFile("static/customer.css")
	if err != nil {
		return nil, fmt.Errorf("style sheet: %w", err)
	}
	sum := sha256.Sum256(append(css, own...))
	p := &pages{sets: map[string]map[string]*template.Template{}, words: map[string]*words{}, styles: hex.EncodeToString(sum[:6])}
	for _, lang := range languages() {
		w, err := loadWords(lang, zone, now)
		if err != nil {
			return nil, err
		}
		p.words[lang] = w
		p.sets[lang] = map[string]*template.Template{}
		for _, name := range pageNames() {
			files := []string{"templates/layout.html", "templates/" + name + ".html"}
			if slices.Contains([]string{"customer", "receipt", "code", "gone"}, name) {
				files[0] = "templates/customer_layout.html"
			}
			if name == "ticket" {
				files = append(files, "templates/ticket_*.html")
			}
			t, err := template.New(name).Funcs(w.functions()).ParseFS(templateFiles, files...)
			if err != nil {
				return nil, fmt.Errorf("page %s: %w", name, err)
			}
			p.sets[lang][name] = t
		}
	}
	return p, nil
}

// frame is what the layout of every page needs; View is the page's own.
type frame struct {
	Page    string
	Lang    string
	Here    string // path and query of this page, for coming back to it
	Styles  string
	Who     agents.Agent // zero on pages without login
	Good    string
	Bad     string
	Section string
	// Alarms is how many alarms ring.
	Alarms int
	// Intake are alarms that say that mail waits which nobody sees.
	Intake []tickets.Alarm
	// Calendar is the last day whose holidays are known, where that is near or past; "" where it is not.
	Calendar account.Date
	May      may
	Brand    string // of the platform, on pages for customers
	View     any
}

// may is what the person may do whatever the page shows.
type may struct{ Work bool }

// render writes a page in the person's language.
func (s *Server) render(c echo.Context, status int, name string, view any) error {
	return s.renderIn(c, s.languageOf(c), status, name, view)
}

// renderIn writes a page in a language.
func (s *Server) renderIn(c echo.Context, lang string, status int, name string, view any) error {
	f := frame{
		Page: name, Lang: lang, Brand: s.cfg.Brand, Here: c.Request().URL.RequestURI(), Styles: s.pages.styles, Who: who(c).agent,
		Section: strings.SplitN(strings.TrimPrefix(c.Request().URL.Path, "/"), "/", 2)[0], View: view,
	}
	if err := s.look(c, &f); err != nil {
		return err
	}
	if loaded, _ := c.Get(sessionLoaded).(bool); loaded && name != "error" {
		f.Good = s.sessions.PopString(c.Request().Context(), flashGood)
		f.Bad = s.sessions.PopString(c.Request().Context(), flashBad)
	}
	var b bytes.Buffer
	if err := s.pages.sets[f.Lang][name].ExecuteTemplate(&b, "layout", f); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	return c.HTMLBlob(status, b.Bytes())
}

// bannerAlarms is how many alarms stand at the head of every page; the others are on their own page.
const bannerAlarms = 3

// look fills in what the bar of every page shows a person: what rings, and once, above the queue and
// the alarms, that the table of holidays ends.
func (s *Server) look(c echo.Context, f *frame) (err error) {
	if f.Who.Login == "" || f.Page == "error" {
		return nil
	}
	f.May.Work = f.Who.Role.May(agents.WorkTickets)
	if calendar := s.desk.Settings().Calendar; (f.Page == "queue" || f.Page == "alarms") && calendar.Ends(s.cfg.Now()) {
		f.Calendar = calendar.Until
	}
	ctx := c.Request().Context()
	if f.Alarms, err = s.desk.Reader().CountAlarms(ctx); err != nil || f.Alarms == 0 {
		return err
	}
	f.Intake, err = s.desk.Reader().AlarmsOfKind(ctx, bannerAlarms, tickets.IntakeAlarms()...)
	return err
}

// languageOf is the language a person chose, else the desk's.
func (s *Server) languageOf(c echo.Context) string {
	if chosen, err := c.Cookie(languageCookie); err == nil {
		for _, lang := range languages() {
			if chosen.Value == lang {
				return lang
			}
		}
	}
	if s.cfg.Locale == "en" {
		return "en"
	}
	return "zh-CN"
}

// language keeps a person's choice and goes back.
func (s *Server) language(c echo.Context) error {
	lang := "zh-CN"
	if c.FormValue("language") == "en" {
		lang = "en"
	}
	c.SetCookie(&http.Cookie{
		Name: languageCookie, Value: lang, Path: "/", MaxAge: 365 * 24 * 3600, HttpOnly: true,
		SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(s.cfg.PublicURL, "https://"),
	})
	return c.Redirect(http.StatusSeeOther, localPath(c.FormValue("back")))
}

// flash says on the next page what was done; key is in the catalogue.
func (s *Server) flash(c echo.Context, key string) {
	s.sessions.Put(c.Request().Context(), flashGood, key)
}

// static answers the style sheet. Its address carries its version, so it may be kept for ever.
func (s *Server) static(c echo.Context) error {
	name := path.Base(c.Param("file"))
	b, err := staticFiles.ReadFile("static/" + name)
	if err != nil {
		return &echo.HTTPError{Code: http.StatusNotFound, Internal: fs.ErrNotExist}
	}
	c.Response().Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	return c.Blob(http.StatusOK, "text/css; charset=utf-8", b)
}

// errorView is the page of a request that failed.
type errorView struct {
	Status int
	Code   string
	Detail string
}
