-- Limits of a mail provider: what was handed over when, and which mails wait for room, the most important first.
-- +goose Up
ALTER TABLE outgoing ADD COLUMN tried_at TIMESTAMP;
ALTER TABLE outgoing ADD COLUMN importance INTEGER NOT NULL DEFAULT 1;
ALTER TABLE outgoing ADD COLUMN held_at TIMESTAMP;
ALTER TABLE outgoing ADD COLUMN granted BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX outgoing_held ON outgoing (importance, id) WHERE held_at IS NOT NULL;
CREATE INDEX outgoing_granted ON outgoing (id) WHERE granted;
CREATE INDEX outgoing_waiting ON outgoing (id) WHERE state <> 'sent';

CREATE TABLE sendings (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL CHECK (account <> ''),
    at      TIMESTAMP NOT NULL,
    until   TIMESTAMP
);
CREATE INDEX sendings_account ON sendings (account, at);
CREATE INDEX sendings_until ON sendings (account, until) WHERE until IS NOT NULL;
