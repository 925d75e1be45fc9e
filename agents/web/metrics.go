package web

import (
	"net"
	"net/http"

	"github.com/labstack/echo/v4"
)

// metricsPath is where Prometheus asks.
const metricsPath = "/metrics"

// metrics answers in Prometheus' text form.
func (s *Server) metrics(c echo.Context) error {
	s.cfg.Metrics.ServeHTTP(c.Response(), c.Request())
	return nil
}

// onThisMachine tells whether a program on this machine asks for itself. A proxy here asks for others, and says
// so in its headers.
func onThisMachine(r *http.Request) bool {
	for _, passed := range []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Forwarded", "Via"} {
		if r.Header.Get(passed) != "" {
			return false
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	return err == nil && net.ParseIP(host).IsLoopback()
}
