-- Codes by which people prove who they are, and payment facts that were checked. A code's digits are
-- nowhere: they are worked out from its random public id and a key outside the database.
-- +goose Up
CREATE TABLE codes (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    public_id  TEXT NOT NULL UNIQUE CHECK (public_id <> ''),
    ticket_id  INTEGER NOT NULL REFERENCES tickets (id),
    account_no TEXT NOT NULL CHECK (account_no <> ''),
    way        TEXT NOT NULL CHECK (way IN ('phone', 'email')),
    recipient  TEXT NOT NULL CHECK (recipient <> ''),
    action     TEXT NOT NULL CHECK (action <> ''),
    amount_fen INTEGER NOT NULL DEFAULT 0,
    quote_hash TEXT NOT NULL DEFAULT '',
    message_id INTEGER NOT NULL DEFAULT 0,
    scope      TEXT NOT NULL DEFAULT '',
    tries      INTEGER NOT NULL DEFAULT 0 CHECK (tries BETWEEN 0 AND 5),
    by_actor   TEXT NOT NULL DEFAULT '',
    at         TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    used_at    TIMESTAMP,
    locked_at  TIMESTAMP
);
CREATE INDEX codes_ticket ON codes (ticket_id, id);
CREATE INDEX codes_account ON codes (account_no, at);

CREATE TABLE fact_checks (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket_id  INTEGER NOT NULL REFERENCES tickets (id),
    account_no TEXT NOT NULL DEFAULT '',
    matched    BOOLEAN NOT NULL,
    by_actor   TEXT NOT NULL DEFAULT '',
    at         TIMESTAMP NOT NULL
);
CREATE INDEX fact_checks_ticket ON fact_checks (ticket_id, at);
CREATE INDEX fact_checks_account ON fact_checks (account_no, at) WHERE account_no <> '';
