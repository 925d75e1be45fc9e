-- People who come otherwise than by mail: what a message and a verification cover, answers that are no
-- mails, and what somebody at the desk must see in time.
-- +goose Up
-- One line of a chat or one call is stored once, however often it is sent.
ALTER TABLE messages ADD COLUMN external_id TEXT NOT NULL DEFAULT '';
-- The conversation or call that the message is part of, such as chat/ID or call/ID; '' for a mail.
ALTER TABLE messages ADD COLUMN scope TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX messages_external ON messages (external_id) WHERE external_id <> '';

ALTER TABLE verifications ADD COLUMN account_no TEXT NOT NULL DEFAULT '';
ALTER TABLE verifications ADD COLUMN scope TEXT NOT NULL DEFAULT '';
ALTER TABLE verifications ADD COLUMN quote_hash TEXT NOT NULL DEFAULT '';

-- How long the embedded biller sends no debit.
ALTER TABLE subscriptions ADD COLUMN held_until TIMESTAMP;

ALTER TABLE acceptances ADD COLUMN level INTEGER NOT NULL DEFAULT 0;

-- What is told may go by mail, into a chat or as a text message, and there is more to tell.
CREATE TABLE outgoing_new (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket_id  INTEGER NOT NULL REFERENCES tickets (id),
    message_id INTEGER NOT NULL DEFAULT 0,
    channel    TEXT NOT NULL DEFAULT 'email' CHECK (channel IN ('email', 'chat', 'sms')),
    key        TEXT NOT NULL UNIQUE CHECK (key <> ''),
    tell       TEXT NOT NULL CHECK (tell <> ''),
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
INSERT INTO outgoing_new (id, ticket_id, message_id, key, tell, recipient, mail_id, raw, auto, state, attempts, detail, at, sent_at)
    SELECT id, ticket_id, message_id, key, tell, recipient, mail_id, raw, auto, state, attempts, detail, at, sent_at FROM outgoing;
DROP TABLE outgoing;
ALTER TABLE outgoing_new RENAME TO outgoing;
CREATE INDEX outgoing_ticket ON outgoing (ticket_id, id);
CREATE INDEX outgoing_message ON outgoing (message_id) WHERE message_id <> 0;
CREATE INDEX outgoing_auto ON outgoing (recipient, tell, at) WHERE auto;

-- What somebody at the desk must see in time. The key keeps one cause from ringing twice while it lasts.
CREATE TABLE alarms (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    key        TEXT NOT NULL CHECK (key <> ''),
    kind       TEXT NOT NULL CHECK (kind <> ''),
    ticket_id  INTEGER NOT NULL DEFAULT 0,
    detail     TEXT NOT NULL DEFAULT '',
    at         TIMESTAMP NOT NULL,
    cleared_at TIMESTAMP,
    cleared_by TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX alarms_ringing ON alarms (key) WHERE cleared_at IS NULL;
CREATE INDEX alarms_ticket ON alarms (ticket_id) WHERE ticket_id <> 0;
