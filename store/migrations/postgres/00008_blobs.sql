-- Originals that came beside the mail, such as a chat's attachments and the recording of a call: which
-- case they belong to, and the digest that the evidence commits to.
-- +goose Up
CREATE TABLE blobs (
    ref        TEXT PRIMARY KEY CHECK (ref <> ''),
    ticket_id  BIGINT NOT NULL REFERENCES tickets (id),
    message_id BIGINT NOT NULL DEFAULT 0,
    name       TEXT NOT NULL DEFAULT '',
    type       TEXT NOT NULL DEFAULT '',
    bytes      BIGINT NOT NULL CHECK (bytes >= 0),
    digest     BYTEA NOT NULL CHECK (length(digest) = 32),
    at         TIMESTAMPTZ NOT NULL,
    erased_at  TIMESTAMPTZ
);
CREATE INDEX blobs_ticket ON blobs (ticket_id);
