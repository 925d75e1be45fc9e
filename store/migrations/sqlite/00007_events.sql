-- The evidence: each stream is a chain of events that nothing may change or remove.
-- +goose Up
CREATE TABLE events (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    stream    TEXT NOT NULL CHECK (stream <> ''),
    n         INTEGER NOT NULL CHECK (n > 0),
    at        TIMESTAMP NOT NULL,
    type      TEXT NOT NULL CHECK (type <> ''),
    actor     TEXT NOT NULL CHECK (actor <> ''),
    canonical BLOB NOT NULL,
    hash      TEXT NOT NULL CHECK (hash <> ''),
    prev      TEXT NOT NULL,
    CONSTRAINT events_chain UNIQUE (stream, n)
);
-- +goose StatementBegin
CREATE TRIGGER events_no_update BEFORE UPDATE ON events
BEGIN
    SELECT RAISE(ABORT, 'events are append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER events_no_delete BEFORE DELETE ON events
BEGIN
    SELECT RAISE(ABORT, 'events are append-only');
END;
-- +goose StatementEnd

-- Personal data that an event commits to without containing it. Erasing a person empties salt,
-- content and blob reference here; the event and its chain stay whole.
CREATE TABLE event_privates (
    stream   TEXT NOT NULL,
    n        INTEGER NOT NULL,
    name     TEXT NOT NULL CHECK (name <> ''),
    salt     BLOB,
    content  BLOB,
    blob_ref TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (stream, n, name),
    FOREIGN KEY (stream, n) REFERENCES events (stream, n)
);
