package web

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/canceldesk/canceldesk/agents"
)

// route is one line of the table of everything that can be asked.
type route struct {
	method, path string
	handle       echo.HandlerFunc // nil for a JSON operation, which huma handles
	who          access
}

// access says who may call a route, and how much he may send; its zero value is nobody.
type access struct {
	public bool
	// outside: with public, anybody but who is signed in to the desk in that browser.
	outside bool
	may     agents.Permission // a logged-in person with this permission
	scope   string            // or a machine whose key has this scope
	here    bool              // or a program on this machine, which proves nothing
	body    int64             // bytes of a request; 0 is defaultBody
	// accounts: the answer tells whether there is an account, so that a key must be one that may know that.
	accounts bool
}

// defaultBody is how many bytes a request may have that says nothing else: forms and JSON.
const defaultBody = 1 << 20

// upTo lets a request of the route have that many bytes.
func (a access) upTo(bytes int64) access {
	a.body = bytes
	return a
}

// fromHere lets programs on this machine call the route too.
func (a access) fromHere() access {
	a.here = true
	return a
}

// knowing lets only those keys call the route that may know of accounts.
func (a access) knowing() access {
	a.accounts = true
	return a
}

func public() access                                       { return access{public: true} }
func customers() access                                    { return access{public: true, outside: true} }
func person(p agents.Permission) access                    { return access{may: p} }
func either(p agents.Permission, sc string) access         { return access{may: p, scope: sc} }
func machine(sc string) access                             { return access{scope: sc} }
func (s *Server) form(h echo.HandlerFunc) echo.HandlerFunc { return s.flashErrors(h) }

// routes is the table: what people see, what programs call.
func (s *Server) routes() []route {
	return slices.Concat(
		s.deskRoutes(),
		s.alarmRoutes(),
		s.outboxRoutes(),
		s.claimRoutes(),
		s.apiRoutes(),
		s.correctRoutes(),
		s.linkRoutes(),
		s.quoteRoutes(),
		s.runRoutes(),
		s.refundRoutes(),
		s.accountRoutes(),
		s.chargeRoutes(),
		s.billingRoutes(),
		s.callRoutes(),
		s.chatRoutes(),
		s.codeRoutes(),
		s.customerRoutes(),
	)
}

// deskRoutes are the pages and forms of the dashboard.
func (s *Server) deskRoutes() []route {
	const get, post = http.MethodGet, http.MethodPost
	return []route{
		{get, "/", s.home, person(agents.ReadTickets)},
		{get, "/login", s.loginPage, public()},
		{post, "/login", s.login, public()},
		{post, "/logout", s.logout, public()},
		{post, "/language", s.language, public()},
		{get, "/static/:file", s.static, public()},
		{get, "/healthz", s.healthz, public()},
		{get, "/readyz", s.readyz, public()},
		{get, metricsPath, s.metrics, machine("metrics:read").fromHere()},
		{get, "/openapi.json", s.openapi, public()},
		{get, "/docs", s.docs, public()},

		{get, "/tickets", s.queue, person(agents.ReadTickets)},
		{get, "/tickets/:number", s.ticket, person(agents.ReadTickets)},
		{get, "/tickets/:number/messages/:message/html", s.messageHTML, person(agents.ReadTickets)},
		{get, "/tickets/:number/messages/:message/original", s.messageOriginal, person(agents.ReadTickets)},
		{get, "/tickets/:number/messages/:message/attachments/:index", s.attachment, person(agents.ReadTickets)},
		{get, "/tickets/:number/outgoing/:outgoing/original", s.outgoingOriginal, person(agents.ReadTickets)},
		{get, "/tickets/:number/evidence", s.evidence, person(agents.ReadEvidence)},

		{post, "/tickets/:number/take", s.form(s.take), person(agents.WorkTickets)},
		{post, "/tickets/:number/release", s.form(s.release), person(agents.WorkTickets)},
		{post, "/tickets/:number/reply", s.form(s.reply), person(agents.WorkTickets).upTo(answerBody)},
		{post, "/tickets/:number/note", s.form(s.note), person(agents.WorkTickets).upTo(answerBody)},
		{post, "/tickets/:number/intent", s.form(s.correct), person(agents.WorkTickets)},
		{post, "/tickets/:number/account", s.form(s.relink), person(agents.WorkTickets)},
		{post, "/tickets/:number/run", s.form(s.run), person(agents.WorkTickets)},
		{post, "/tickets/:number/skip", s.form(s.skip), person(agents.WorkTickets)},
		{post, "/tickets/:number/withdraw", s.form(s.withdraw), person(agents.WorkTickets)},
		{post, "/tickets/:number/accept", s.form(s.accept), person(agents.WorkTickets)},
		{post, "/tickets/:number/solve", s.form(s.solve), person(agents.WorkTickets)},
		{post, "/tickets/:number/refunds/:refund/approve", s.form(s.approve), person(agents.ApproveRefunds)},
		{post, "/tickets/:number/refunds/:refund/reject", s.form(s.reject), person(agents.ApproveRefunds)},

		{get, "/intake", s.intake, person(agents.ReadQuarantine)},
		{get, "/intake/:id/original", s.intakeOriginal, person(agents.ReadQuarantine)},
	}
}

// apiRoutes are the JSON operations.
func (s *Server) apiRoutes() []route {
	const get, post = http.MethodGet, http.MethodPost
	return []route{
		{post, "/v1/login", nil, public()},
		{get, "/v1/tickets", nil, either(agents.ReadTickets, "tickets:read")},
		{get, "/v1/tickets/:number", nil, either(agents.ReadTickets, "tickets:read")},
		{get, "/v1/tickets/:number/evidence", nil, either(agents.ReadEvidence, "evidence:read")},
	}
}
