-- Originals that came beside the mail, such as a chat's attachments and the recording of a call: which
-- case they belong to, and the digest that the evidence commits to.
-- +goose Up
CREATE TABLE blobs (
    ref        TEXT PRIMARY KEY CHECK (ref <> ''),
    ticket_id  INTEGER NOT NULL REFERENCES tickets (id),
    message_id INTEGER NOT NULL DEFAULT 0,
    name       TEXT NOT NULL DEFAULT '',
    type       TEXT NOT NULL DEFAULT '',
    bytes      INTEGER NOT NULL CHECK (bytes >= 0),
    digest     BLOB NOT NULL CHECK (length(digest) = 32),
    at         TIMESTAMP NOT NULL,
    erased_at  TIMESTAMP
);
CREATE INDEX blobs_ticket ON blobs (ticket_id);
