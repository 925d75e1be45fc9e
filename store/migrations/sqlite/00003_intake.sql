-- The intake ledger: one row for every mail ever seen in a mailbox, and how far each folder was read.
-- +goose Up
CREATE TABLE intake (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    mailbox      TEXT NOT NULL CHECK (mailbox <> ''),
    folder       TEXT NOT NULL CHECK (folder <> ''),
    uid_validity INTEGER NOT NULL CHECK (uid_validity >= 0),
    uid          INTEGER NOT NULL CHECK (uid > 0),
    fingerprint  TEXT NOT NULL DEFAULT '',
    message_id   TEXT NOT NULL DEFAULT '',
    bytes        INTEGER NOT NULL DEFAULT 0 CHECK (bytes >= 0),
    received_at  TIMESTAMP NOT NULL,
    outcome      TEXT NOT NULL CHECK (outcome IN ('ticket', 'appended', 'duplicate', 'auto_reply', 'bounce', 'list', 'own', 'oversize', 'quarantined')),
    ticket_id    INTEGER NOT NULL DEFAULT 0,
    raw          TEXT NOT NULL DEFAULT '',
    detail       TEXT NOT NULL DEFAULT '',
    at           TIMESTAMP NOT NULL,
    CONSTRAINT intake_place UNIQUE (mailbox, folder, uid_validity, uid),
    CHECK (outcome <> 'ticket' OR ticket_id > 0)
);
CREATE INDEX intake_fingerprint ON intake (fingerprint) WHERE fingerprint <> '';
CREATE INDEX intake_outcome ON intake (outcome, id);

CREATE TABLE cursors (
    mailbox      TEXT NOT NULL CHECK (mailbox <> ''),
    folder       TEXT NOT NULL CHECK (folder <> ''),
    uid_validity INTEGER NOT NULL,
    last_uid     INTEGER NOT NULL,
    PRIMARY KEY (mailbox, folder)
);

-- Who reads a mailbox now. The token only ever grows; a write under an older one is refused.
CREATE TABLE leases (
    mailbox    TEXT PRIMARY KEY CHECK (mailbox <> ''),
    holder     TEXT NOT NULL,
    token      INTEGER NOT NULL CHECK (token > 0),
    expires_at TIMESTAMP NOT NULL
);
