-- People and programs that work at the desk, their sessions, and what they already asked.
-- +goose Up
CREATE TABLE agents (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    login         TEXT NOT NULL CHECK (login <> ''),
    name          TEXT NOT NULL DEFAULT '',
    role          TEXT NOT NULL CHECK (role IN ('agent', 'supervisor', 'admin', 'auditor')),
    password_hash TEXT NOT NULL DEFAULT '',
    at            TIMESTAMP NOT NULL,
    disabled_at   TIMESTAMP
);
-- Two logins that differ in case only would be one person to every reader.
CREATE UNIQUE INDEX agents_login ON agents (lower(login));

CREATE TABLE keys (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT NOT NULL CHECK (name <> ''),
    scopes     TEXT,
    hash       TEXT NOT NULL UNIQUE CHECK (hash <> ''),
    at         TIMESTAMP NOT NULL,
    revoked_at TIMESTAMP
);

CREATE TABLE sessions (
    token_hash TEXT PRIMARY KEY CHECK (token_hash <> ''),
    data       BLOB NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE hits (
    key        TEXT PRIMARY KEY CHECK (key <> ''),
    started_at TIMESTAMP NOT NULL,
    count      INTEGER NOT NULL CHECK (count > 0)
);

-- Idempotency-Key: the answer that was given, and the hash of the body it was given for.
CREATE TABLE idempotency (
    caller    TEXT NOT NULL,
    method    TEXT NOT NULL,
    path      TEXT NOT NULL,
    key       TEXT NOT NULL CHECK (key <> ''),
    body_hash TEXT NOT NULL,
    status    INTEGER NOT NULL DEFAULT 0,
    answer    BLOB,
    at        TIMESTAMP NOT NULL,
    PRIMARY KEY (caller, method, path, key)
);
