-- The standard steps: runs, what was done outside, who was sure of whom, what was offered and accepted.
-- +goose Up
CREATE TABLE runs (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket_id        INTEGER NOT NULL REFERENCES tickets (id),
    mode             TEXT NOT NULL DEFAULT '' CHECK (mode IN ('', 'period_end', 'now')),
    subscription_ids TEXT,
    snapshot         TEXT,
    started_at       TIMESTAMP NOT NULL,
    ended_at         TIMESTAMP,
    version          INTEGER NOT NULL
);
CREATE INDEX runs_ticket ON runs (ticket_id, id);

CREATE TABLE run_subscriptions (
    run_id          INTEGER NOT NULL REFERENCES runs (id),
    subscription_id TEXT NOT NULL CHECK (subscription_id <> ''),
    running         BOOLEAN NOT NULL,
    PRIMARY KEY (run_id, subscription_id)
);
-- One running run per subscription, whatever ticket it belongs to.
CREATE UNIQUE INDEX run_subscriptions_running ON run_subscriptions (subscription_id) WHERE running;

CREATE TABLE steps (
    run_id     INTEGER NOT NULL REFERENCES runs (id),
    name       TEXT NOT NULL CHECK (name IN ('identify', 'verify', 'cancel', 'quote', 'refund', 'assets', 'evidence', 'notify')),
    state      TEXT NOT NULL CHECK (state IN ('todo', 'running', 'succeeded', 'failed', 'skipped', 'unknown', 'needs_agent', 'needs_approval', 'needs_customer')),
    reason     TEXT NOT NULL DEFAULT '',
    detail     TEXT NOT NULL DEFAULT '',
    started_at TIMESTAMP,
    ended_at   TIMESTAMP,
    by_actor   TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (run_id, name)
);
CREATE INDEX steps_waiting ON steps (state, run_id) WHERE state IN ('failed', 'needs_agent', 'needs_approval', 'needs_customer');

CREATE TABLE effects (
    key        TEXT PRIMARY KEY CHECK (key <> ''),
    ticket_id  INTEGER NOT NULL REFERENCES tickets (id),
    run_id     INTEGER NOT NULL DEFAULT 0,
    kind       TEXT NOT NULL CHECK (kind IN ('biller.hold', 'biller.release', 'biller.stop', 'agreement.terminate', 'refund.send')),
    target     TEXT NOT NULL CHECK (target <> ''),
    state      TEXT NOT NULL CHECK (state IN ('about_to', 'pending', 'done', 'refused', 'unknown')),
    attempts   INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    detail     TEXT NOT NULL DEFAULT '',
    at         TIMESTAMP NOT NULL,
    settled_at TIMESTAMP,
    CHECK ((state IN ('done', 'refused')) = (settled_at IS NOT NULL))
);
CREATE INDEX effects_ticket ON effects (ticket_id);

CREATE TABLE holds (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket_id       INTEGER NOT NULL REFERENCES tickets (id),
    subscription_id TEXT NOT NULL CHECK (subscription_id <> ''),
    state           TEXT NOT NULL CHECK (state IN ('active', 'released', 'stopped', 'expired')),
    reason          TEXT NOT NULL DEFAULT '',
    at              TIMESTAMP NOT NULL,
    until           TIMESTAMP NOT NULL,
    ended_at        TIMESTAMP,
    CHECK ((state = 'active') = (ended_at IS NULL))
);
CREATE UNIQUE INDEX holds_active ON holds (subscription_id) WHERE state = 'active';
CREATE INDEX holds_ticket ON holds (ticket_id);

CREATE TABLE verifications (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket_id  INTEGER NOT NULL REFERENCES tickets (id),
    message_id INTEGER NOT NULL DEFAULT 0,
    level      INTEGER NOT NULL CHECK (level BETWEEN 0 AND 3),
    method     TEXT NOT NULL CHECK (method <> ''),
    action     TEXT NOT NULL DEFAULT '' CHECK (action IN ('', 'stop', 'show', 'refund', 'assets')),
    amount_fen INTEGER NOT NULL DEFAULT 0 CHECK (amount_fen >= 0),
    at         TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    voided_at  TIMESTAMP
);
CREATE INDEX verifications_ticket ON verifications (ticket_id);

CREATE TABLE quotes (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket_id INTEGER NOT NULL REFERENCES tickets (id),
    run_id    INTEGER NOT NULL DEFAULT 0,
    hash      TEXT NOT NULL CHECK (hash <> ''),
    body      TEXT NOT NULL,
    at        TIMESTAMP NOT NULL
);
CREATE INDEX quotes_ticket ON quotes (ticket_id, id);

CREATE TABLE acceptances (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket_id  INTEGER NOT NULL REFERENCES tickets (id),
    quote_hash TEXT NOT NULL CHECK (quote_hash <> ''),
    by_actor   TEXT NOT NULL CHECK (by_actor <> ''),
    words      TEXT NOT NULL DEFAULT '',
    message_id INTEGER NOT NULL DEFAULT 0,
    at         TIMESTAMP NOT NULL
);
CREATE INDEX acceptances_ticket ON acceptances (ticket_id);
