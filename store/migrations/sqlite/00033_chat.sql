-- Conversations that the app hands over, and what the app is told of them.
-- +goose Up
CREATE TABLE conversations (
    id            TEXT PRIMARY KEY CHECK (id <> ''),
    ticket_id     INTEGER NOT NULL REFERENCES tickets (id),
    state         TEXT NOT NULL CHECK (state IN ('waiting', 'answered', 'read', 'ended')),
    locale        TEXT NOT NULL DEFAULT '',
    at            TIMESTAMP NOT NULL,
    customer_at   TIMESTAMP,
    waiting_since TIMESTAMP,
    taken_at      TIMESTAMP,
    answered_at   TIMESTAMP,
    read_up_to    INTEGER NOT NULL DEFAULT 0,
    read_at       TIMESTAMP,
    fact_tries    INTEGER NOT NULL DEFAULT 0 CHECK (fact_tries >= 0),
    ended_at      TIMESTAMP,
    ended_by      TEXT NOT NULL DEFAULT '',
    end_reason    TEXT NOT NULL DEFAULT '',
    CHECK ((state = 'ended') = (ended_at IS NOT NULL))
);
CREATE INDEX conversations_ticket ON conversations (ticket_id);
CREATE INDEX conversations_waiting ON conversations (waiting_since) WHERE waiting_since IS NOT NULL AND ended_at IS NULL;

-- AUTOINCREMENT because readers go on after the last id that they saw.
CREATE TABLE chat_events (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation_id TEXT NOT NULL REFERENCES conversations (id),
    type            TEXT NOT NULL CHECK (type IN ('message', 'state', 'ended')),
    message_id      INTEGER NOT NULL DEFAULT 0,
    state           TEXT NOT NULL DEFAULT '',
    at              TIMESTAMP NOT NULL
);
CREATE INDEX chat_events_conversation ON chat_events (conversation_id, id);
CREATE INDEX messages_scope ON messages (scope, at, id) WHERE scope <> '';
