-- Work that transactions caused.
-- +goose Up
CREATE TABLE jobs (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    kind        TEXT NOT NULL CHECK (kind <> ''),
    ticket_id   INTEGER NOT NULL DEFAULT 0,
    ref         TEXT NOT NULL DEFAULT '',
    due_at      TIMESTAMP NOT NULL,
    key         TEXT NOT NULL DEFAULT '',
    state       TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'done', 'parked')),
    attempts    INTEGER NOT NULL DEFAULT 0,
    lease_until TIMESTAMP,
    holder      TEXT NOT NULL DEFAULT '',
    last_error  TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX jobs_waiting_key ON jobs (key) WHERE key <> '' AND state = 'waiting';
CREATE INDEX jobs_due ON jobs (due_at, id) WHERE state IN ('waiting', 'running');
