-- A person says that two cases belong together, and mail that is no cancellation goes on to who handles it.
-- +goose Up
ALTER TABLE links DROP CONSTRAINT links_kind_check;
ALTER TABLE links ADD CONSTRAINT links_kind_check CHECK (kind IN ('follows', 'suggested', 'joined', 'account', 'related'));

-- One forwarded mail a case; its bytes are made from the original each time, which lies in the blobs.
CREATE TABLE forwards (
    ticket_id  BIGINT PRIMARY KEY REFERENCES tickets (id),
    message_id BIGINT NOT NULL REFERENCES messages (id),
    recipient  TEXT NOT NULL CHECK (recipient <> ''),
    mail_id    TEXT NOT NULL UNIQUE CHECK (mail_id <> ''),
    state      TEXT NOT NULL CHECK (state IN ('queued', 'sent', 'failed')),
    attempts   INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    detail     TEXT NOT NULL DEFAULT '',
    at         TIMESTAMPTZ NOT NULL,
    sent_at    TIMESTAMPTZ
);
