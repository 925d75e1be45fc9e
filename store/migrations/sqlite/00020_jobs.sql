-- Work that transactions caused. due_at, run_at and ended_at are the program's clock, lease_until is the
-- database's. A job waits (ready), is in a worker's hands (running), has its effect (done) or was given
-- up until a person retries it (dead).
-- +goose Up
CREATE TABLE jobs (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    kind        TEXT NOT NULL CHECK (kind <> ''),
    ticket_id   INTEGER NOT NULL DEFAULT 0,
    ref         TEXT NOT NULL DEFAULT '',
    key         TEXT NOT NULL DEFAULT '',
    lane        TEXT CHECK (lane <> ''),
    due_at      TIMESTAMP NOT NULL,
    run_at      TIMESTAMP NOT NULL,
    state       TEXT NOT NULL DEFAULT 'ready' CHECK (state IN ('ready', 'running', 'done', 'dead')),
    attempt     INTEGER NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    failures    INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
    unavailable INTEGER NOT NULL DEFAULT 0 CHECK (unavailable >= 0),
    lost        INTEGER NOT NULL DEFAULT 0 CHECK (lost >= 0),
    worker      TEXT NOT NULL DEFAULT '',
    lease_until TIMESTAMP,
    error       TEXT NOT NULL DEFAULT '',
    ended_at    TIMESTAMP,
    CHECK ((state = 'running') = (lease_until IS NOT NULL)),
    CHECK ((state IN ('done', 'dead')) = (ended_at IS NOT NULL))
);
CREATE UNIQUE INDEX jobs_waiting_key ON jobs (key) WHERE state = 'ready' AND key <> '';
CREATE UNIQUE INDEX jobs_running_lane ON jobs (lane) WHERE state = 'running';
CREATE INDEX jobs_due ON jobs (run_at, id) WHERE state = 'ready';
CREATE INDEX jobs_lane ON jobs (lane, run_at, id) WHERE state = 'ready';
CREATE INDEX jobs_lease ON jobs (lease_until) WHERE state = 'running';
CREATE INDEX jobs_dead ON jobs (id) WHERE state = 'dead';
