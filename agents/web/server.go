package web

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/canceldesk/canceldesk/agents"
	"github.com/canceldesk/canceldesk/store/account"
	"github.com/canceldesk/canceldesk/tickets"
)

// Exporter writes a ticket's evidence bundle, a zip, to w.
type Exporter interface {
	Export(ctx context.Context, ticketID int64, w io.Writer) error
}

// Intake is the ledger of mails and their originals.
type Intake interface {
	// Ledger lists at most limit rows with an id below after (0: from the newest), newest first;
	// with an outcome other than "" only those of it.
	Ledger(ctx context.Context, outcome string, after int64, limit int) ([]tickets.Intake, error)
	// Original opens the kept bytes behind a message's or ledger row's Raw. NotFound where there are none.
	Original(ctx context.Context, rawRef string) (io.ReadCloser, error)
}

// Event is one line of a ticket's evidence, as the dashboard shows it.
type Event struct {
	N     int64
	At    time.Time
	Type  string
	Actor string
}

// Events lists a stream's events in their order.
type Events interface {
	Events(ctx context.Context, stream string) ([]Event, error)
}

// Requests keeps requests that carry an Idempotency-Key, with their answers.
type Requests interface {
	// BeginRequest keeps a request and reports true, or gives the one that was kept before. One whose
	// time has passed, or which began before abandoned and has no answer, is as if it had never been.
	BeginRequest(ctx context.Context, r agents.Request, abandoned time.Time) (agents.Request, bool, error)
	EndRequest(ctx context.Context, r agents.Request) error
	ForgetRequest(ctx context.Context, r agents.Request) error
}

// Accounts takes in accounts and charges.
type Accounts interface {
	// PutAccount stores what a sync says and reports whether the account is new.
	PutAccount(ctx context.Context, s account.Sync) (bool, error)
	// PutCharges takes in charges, each by itself.
	PutCharges(ctx context.Context, charges []account.Charge) ([]tickets.TakenCharge, error)
	// PutWatermark records how far a source's charges are complete, and returns how far they are.
	PutWatermark(ctx context.Context, source string, through time.Time) (time.Time, error)
}

// Directory asks the platform for accounts; what it finds is in the desk's store afterwards.
type Directory interface {
	// Find returns the numbers of the accounts that the platform has for a value. Unavailable where it
	// can't be asked.
	Find(ctx context.Context, by tickets.AccountKey, value string) ([]string, error)
}

// Config is what the server works with. Every field is needed unless it says otherwise.
type Config struct {
	Desk     *tickets.Desk
	People   agents.Store
	Sessions scs.CtxStore // is given hashes of tokens only
	// PublicURL is where people reach the dashboard; an https one makes the cookies Secure.
	PublicURL string
	Zone      *time.Location
	Locale    string // zh-CN or en, until a person chooses
	Now       func() time.Time
	Rand      io.Reader // for tokens; a cryptographic source
	Log       *slog.Logger
	Evidence  Exporter
	// VerifierKey is what a bundle is checked with; "" hides it.
	VerifierKey string
	Intake      Intake
	// Brand is what customers know the platform by, for the pages they see.
	Brand string
	// KeepOriginal keeps what a customer sent from a page, or files of an answer, durably, and returns its reference.
	KeepOriginal func(ctx context.Context, original []byte) (ref string, err error)
	Events       Events
	// Metrics answers whoever collects figures.
	Metrics http.Handler
	// Ready asks each part of the desk whether it can work; a nil error is yes.
	Ready func(ctx context.Context) map[string]error
	// Requests keeps the answers to requests that may be sent again.
	Requests Requests
	// Accounts takes in what the platform says of its accounts.
	Accounts Accounts
	// Chat proves by the app's signature who chats.
	Chat agents.ChatSessions
	// Keep stores what came with a chat durably and returns a reference for each.
	Keep func(ctx context.Context, raws [][]byte) ([]string, error)
	// Stop, where not nil, is closed when the program ends: streams that are open end then.
	Stop <-chan struct{}
	// OpenAttachment gives the index-th attachment of a raw mail. NotFound where it has no such.
	OpenAttachment func(raw []byte, index int) (name, contentType string, content []byte, err error)
	// Directory is nil where the desk's store holds every account.
	Directory  Directory
	Recordings Recordings
	// RecordingBytes is the largest recording of a call that is taken.
	RecordingBytes int64
}

// Server answers the dashboard and the JSON routes.
type Server struct {
	cfg      Config
	desk     *tickets.Desk
	door     *agents.Door
	sessions *scs.SessionManager
	pages    *pages
	api      huma.API
	echo     *echo.Echo
	table    map[string]route // by method and path
	deciding [64]sync.Mutex   // by refund: one person decides at a time
	readers  atomic.Int64     // streams of chat events that are open
}

// New makes the server. It fails only where the program's own pages are broken.
func New(cfg Config) (*Server, error) {
	passwords, err := agents.NewPasswords()
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	s := &Server{
		cfg: cfg, desk: cfg.Desk, door: agents.NewDoor(cfg.People, passwords),
		sessions: agents.NewSessions(cfg.Sessions, cfg.PublicURL, cfg.Now),
		echo:     echo.New(), table: map[string]route{},
	}
	if s.pages, err = loadPages(cfg.Zone, cfg.Now); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	s.echo.HTTPErrorHandler = s.answerError
	// A proxy on this machine says who asked; nobody else is believed.
	s.echo.IPExtractor = echo.ExtractIPFromXFFHeader(echo.TrustLoopback(true), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false))
	s.sessions.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) {
		s.cfg.Log.ErrorContext(r.Context(), "session store failed", "error", err)
		http.Error(w, "503", http.StatusServiceUnavailable)
	}
	crossOrigin, err := sameOrigin(cfg.PublicURL)
	if err != nil {
		return nil, fmt.Errorf("web: public_url: %w", err)
	}
	s.echo.Use(
		middleware.RecoverWithConfig(middleware.RecoverConfig{
			DisablePrintStack: true,
			LogErrorFunc:      func(_ echo.Context, err error, _ []byte) error { return fmt.Errorf("panic: %w", err) },
		}),
		secureHeaders(strings.HasPrefix(cfg.PublicURL, "https://")), crossOrigin, s.bounded(), s.withSession, s.guard, s.idempotent,
	)
	for _, r := range s.routes() {
		s.table[r.method+" "+r.path] = r
		if r.handle != nil {
			s.echo.Add(r.method, r.path, r.handle)
		}
	}
	s.api = s.operations()
	s.describe()
	return s, nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.echo.ServeHTTP(w, r) }
