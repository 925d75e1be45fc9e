-- A person says that two cases belong together, and mail that is no cancellation goes on to who handles it.
-- +goose Up
CREATE TABLE links_kinds (
    from_id INTEGER NOT NULL REFERENCES tickets (id),
    to_id   INTEGER NOT NULL REFERENCES tickets (id),
    kind    TEXT NOT NULL CHECK (kind IN ('follows', 'suggested', 'joined', 'account', 'related')),
    at      TIMESTAMP NOT NULL,
    PRIMARY KEY (from_id, to_id),
    CHECK (from_id <> to_id)
);
INSERT INTO links_kinds (from_id, to_id, kind, at) SELECT from_id, to_id, kind, at FROM links;
DROP TABLE links;
ALTER TABLE links_kinds RENAME TO links;
CREATE INDEX links_to ON links (to_id);

-- One forwarded mail a case; its bytes are made from the original each time, which lies in the blobs.
CREATE TABLE forwards (
    ticket_id  INTEGER PRIMARY KEY REFERENCES tickets (id),
    message_id INTEGER NOT NULL REFERENCES messages (id),
    recipient  TEXT NOT NULL CHECK (recipient <> ''),
    mail_id    TEXT NOT NULL UNIQUE CHECK (mail_id <> ''),
    state      TEXT NOT NULL CHECK (state IN ('queued', 'sent', 'failed')),
    attempts   INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    detail     TEXT NOT NULL DEFAULT '',
    at         TIMESTAMP NOT NULL,
    sent_at    TIMESTAMP
);
