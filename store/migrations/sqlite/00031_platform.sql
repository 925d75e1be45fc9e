-- The platform over HTTP: what was looked up, what a biller that pulls has to apply, and which debits
-- were on their way before a stop.
-- +goose Up
-- The value that was looked up is kept as a keyed hash only.
CREATE TABLE lookups (
    looked_by  TEXT NOT NULL CHECK (looked_by <> ''),
    value_hash TEXT NOT NULL CHECK (value_hash <> ''),
    accounts   TEXT NOT NULL,
    at         TIMESTAMP NOT NULL,
    PRIMARY KEY (looked_by, value_hash)
);
CREATE INDEX lookups_at ON lookups (at);

CREATE TABLE stops (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    key             TEXT NOT NULL UNIQUE CHECK (key <> ''),
    kind            TEXT NOT NULL CHECK (kind IN ('hold', 'release', 'stop')),
    subscription_id TEXT NOT NULL CHECK (subscription_id <> ''),
    mode            TEXT NOT NULL DEFAULT '',
    until           TIMESTAMP,
    at              TIMESTAMP NOT NULL,
    applied_at      TIMESTAMP
);

CREATE INDEX stops_subscription ON stops (subscription_id);

CREATE TABLE debits_in_flight (
    charge_id       TEXT PRIMARY KEY CHECK (charge_id <> ''),
    ticket_id       INTEGER NOT NULL REFERENCES tickets (id),
    effect_key      TEXT NOT NULL,
    subscription_id TEXT NOT NULL,
    amount_fen      INTEGER NOT NULL CHECK (amount_fen >= 0),
    due_at          TIMESTAMP NOT NULL,
    named_at        TIMESTAMP NOT NULL
);
CREATE INDEX debits_in_flight_ticket ON debits_in_flight (ticket_id);

-- Whether a subscription may be debited is asked by its id.
CREATE INDEX effects_target ON effects (target);
