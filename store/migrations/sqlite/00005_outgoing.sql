-- The durable outbox. The key makes each mail once; its bytes are kept, so that sending again after a
-- crash sends the same mail.
-- +goose Up
CREATE TABLE outgoing (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket_id  INTEGER NOT NULL REFERENCES tickets (id),
    message_id INTEGER NOT NULL DEFAULT 0,
    key        TEXT NOT NULL UNIQUE CHECK (key <> ''),
    tell       TEXT NOT NULL CHECK (tell IN ('receipt', 'neutral', 'question', 'missing', 'cancel_outcome', 'refund_outcome', 'offer', 'answer')),
    recipient  TEXT NOT NULL CHECK (recipient <> ''),
    mail_id    TEXT NOT NULL UNIQUE CHECK (mail_id <> ''),
    raw        BLOB,
    auto       BOOLEAN NOT NULL DEFAULT FALSE,
    state      TEXT NOT NULL CHECK (state IN ('queued', 'sent', 'failed')),
    attempts   INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    detail     TEXT NOT NULL DEFAULT '',
    at         TIMESTAMP NOT NULL,
    sent_at    TIMESTAMP,
    CHECK ((state = 'sent') = (sent_at IS NOT NULL))
);
CREATE INDEX outgoing_ticket ON outgoing (ticket_id, id);
CREATE INDEX outgoing_message ON outgoing (message_id) WHERE message_id <> 0;
CREATE INDEX outgoing_auto ON outgoing (recipient, tell, at) WHERE auto;
