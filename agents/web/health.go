package web

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// healthz says that the process answers.
func (s *Server) healthz(c echo.Context) error { return c.String(http.StatusOK, "ok\n") }

// readyz says part by part whether the desk can work. Why a part can't stands in the log: the answer
// is public.
func (s *Server) readyz(c echo.Context) error {
	answer := struct {
		Status string            `json:"status"`
		Parts  map[string]string `json:"parts"`
	}{Status: "ready", Parts: map[string]string{}}
	status := http.StatusOK
	for part, err := range s.cfg.Ready(c.Request().Context()) {
		answer.Parts[part] = "ready"
		if err != nil {
			answer.Parts[part], answer.Status, status = "unavailable", "unavailable", http.StatusServiceUnavailable
			s.cfg.Log.WarnContext(c.Request().Context(), "part is not ready", "part", part, "error", err)
		}
	}
	return c.JSON(status, answer)
}
