package main

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/canceldesk/canceldesk/mailin"
	"github.com/canceldesk/canceldesk/tickets"
)

// metricsTimeout bounds the questions to the database behind one answer.
const metricsTimeout = 5 * time.Second

// metrics are the figures that Prometheus collects. Those of the database are asked for when they are wanted,
// so that every process over it tells the same.
type metrics struct {
	registry *prometheus.Registry
	mails    *prometheus.CounterVec
	polled   *prometheus.GaugeVec
	unread   *prometheus.GaugeVec
}

func newMetrics(a *app) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		mails: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "canceldesk_mails_total", Help: "Mails this process took in, by mailbox and outcome.",
		}, []string{"mailbox", "outcome"}),
		polled: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "canceldesk_mailbox_polled_timestamp_seconds", Help: "When this process last read the mailbox to its end.",
		}, []string{"mailbox"}),
		unread: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "canceldesk_mailbox_unread", Help: "1 where this process's last try to read the mailbox went wrong.",
		}, []string{"mailbox"}),
	}
	m.registry.MustRegister(
		m.mails, m.polled, m.unread, kept{app: a},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// handler answers a collector.
func (m *metrics) handler(log *slog.Logger) http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelError), ErrorHandling: promhttp.ContinueOnError,
	})
}

// took counts what a poll did.
func (m *metrics) took(sum mailin.Summary, err error, at time.Time) {
	for outcome, n := range sum.ByOutcome() {
		m.mails.WithLabelValues(sum.Mailbox, string(outcome)).Add(float64(n))
	}
	if err != nil {
		m.unread.WithLabelValues(sum.Mailbox).Set(1)
		return
	}
	m.unread.WithLabelValues(sum.Mailbox).Set(0)
	m.polled.WithLabelValues(sum.Mailbox).Set(float64(at.Unix()))
}

// kept are the figures that stand in the database.
type kept struct{ *app }

func keptFigure(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

// figures are what kept tells.
func figures() (missing, compared, refused, alarms *prometheus.Desc) {
	return keptFigure("canceldesk_intake_missing", "Mails on the server at or below the cursor that the last comparison did not find in the ledger; must be 0.", "mailbox", "folder"),
		keptFigure("canceldesk_intake_compared_timestamp_seconds", "When the folder was last compared with the ledger.", "mailbox", "folder"),
		keptFigure("canceldesk_intake_quarantined", "Mails that could not be read and wait for a person."),
		keptFigure("canceldesk_alarms", "Alarms of the intake that ring, by kind.", "kind")
}

// Describe implements prometheus.Collector.
func (k kept) Describe(out chan<- *prometheus.Desc) {
	missing, compared, refused, alarms := figures()
	for _, d := range []*prometheus.Desc{missing, compared, refused, alarms} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (k kept) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), metricsTimeout)
	defer cancel()
	missing, compared, refused, alarms := figures()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	list, err := k.db.Reconciliations(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(missing, err)
	}
	for _, r := range list {
		gauge(missing, float64(r.Missing), r.Mailbox, r.Folder)
		gauge(compared, float64(r.At.Unix()), r.Mailbox, r.Folder)
	}
	n, err := k.db.CountQuarantined(ctx, "")
	if err != nil {
		out <- prometheus.NewInvalidMetric(refused, err)
	} else {
		gauge(refused, float64(n))
	}
	for _, kind := range tickets.IntakeAlarms() {
		ringing, err := k.db.AlarmsOfKind(ctx, tickets.CountLimit, kind)
		if err != nil {
			out <- prometheus.NewInvalidMetric(alarms, err)
			return
		}
		gauge(alarms, float64(len(ringing)), string(kind))
	}
}
