-- Telephone calls by the call centre's own id, which keeps one call from becoming two cases. A recording
-- may come before its call: then ticket_id is 0 until the call is told of.
-- +goose Up
CREATE TABLE calls (
    call_id          TEXT PRIMARY KEY CHECK (call_id <> ''),
    ticket_id        INTEGER NOT NULL DEFAULT 0,
    direction        TEXT NOT NULL CHECK (direction IN ('inbound', 'outbound', 'voicemail', 'callback')),
    caller           TEXT NOT NULL DEFAULT '',
    agent            TEXT NOT NULL DEFAULT '',
    started_at       TIMESTAMP,
    ended_at         TIMESTAMP,
    summary          TEXT NOT NULL DEFAULT '',
    transcript       TEXT NOT NULL DEFAULT '',
    fact_tries       INTEGER NOT NULL DEFAULT 0,
    facts_seen       TEXT NOT NULL DEFAULT '',
    recording_ref    TEXT NOT NULL DEFAULT '',
    recording_type   TEXT NOT NULL DEFAULT '',
    recording_bytes  INTEGER NOT NULL DEFAULT 0,
    recording_digest TEXT NOT NULL DEFAULT '',
    recording_at     TIMESTAMP,
    at               TIMESTAMP NOT NULL
);
CREATE INDEX calls_ticket ON calls (ticket_id) WHERE ticket_id <> 0;
