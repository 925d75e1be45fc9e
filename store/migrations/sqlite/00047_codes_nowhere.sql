-- A code that a stranger's page asked for and that could go nowhere is a row too, so that asking for it and
-- entering it tell nobody whether there is an account.
-- +goose Up
CREATE TABLE codes_new (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    public_id  TEXT NOT NULL UNIQUE CHECK (public_id <> ''),
    ticket_id  INTEGER NOT NULL REFERENCES tickets (id),
    account_no TEXT NOT NULL,
    way        TEXT NOT NULL CHECK (way IN ('phone', 'email')),
    recipient  TEXT NOT NULL,
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
    locked_at  TIMESTAMP,
    CHECK ((account_no = '') = (recipient = ''))
);
INSERT INTO codes_new SELECT * FROM codes;
DROP TABLE codes;
ALTER TABLE codes_new RENAME TO codes;
CREATE INDEX codes_ticket ON codes (ticket_id, id);
CREATE INDEX codes_account ON codes (account_no, at);
