-- The Merkle log over all events, its signed checkpoints, and what the biller and the ledger keep for
-- themselves.
-- +goose Up

-- Heads of exports: canonical bytes that became leaves.
CREATE TABLE log_heads (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    canonical BLOB NOT NULL,
    at        TIMESTAMP NOT NULL
);

-- What each head says of its streams, repeated here so that the heads of a stream are found.
CREATE TABLE log_head_streams (
    head_id   INTEGER NOT NULL REFERENCES log_heads (id),
    stream    TEXT NOT NULL,
    count     INTEGER NOT NULL CHECK (count > 0),
    last_hash TEXT NOT NULL CHECK (length(last_hash) = 64),
    PRIMARY KEY (stream, head_id)
);
CREATE INDEX log_head_streams_head ON log_head_streams (head_id);

-- One row for every leaf of the log: an event, or the head of an export.
CREATE TABLE log_leaves (
    leaf_index INTEGER PRIMARY KEY CHECK (leaf_index >= 0),
    event_id   INTEGER UNIQUE REFERENCES events (id),
    head_id    INTEGER UNIQUE REFERENCES log_heads (id),
    CHECK ((event_id IS NULL) <> (head_id IS NULL))
);

-- The tree's stored hashes in the order of golang.org/x/mod/sumdb/tlog.
CREATE TABLE log_hashes (
    hash_index INTEGER PRIMARY KEY CHECK (hash_index >= 0),
    hash       BLOB NOT NULL CHECK (length(hash) = 32)
);

CREATE TABLE checkpoints (
    size INTEGER PRIMARY KEY CHECK (size > 0),
    note BLOB NOT NULL,
    at   TIMESTAMP NOT NULL
);

-- Events that are not in the log yet. A trigger fills it in the event's own transaction, so that none
-- is ever left out, and the sequencer need not search.
CREATE TABLE log_pending (
    event_id INTEGER PRIMARY KEY REFERENCES events (id)
);
-- +goose StatementBegin
CREATE TRIGGER events_to_log AFTER INSERT ON events BEGIN
    INSERT INTO log_pending (event_id) VALUES (NEW.id);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER log_leaves_keep BEFORE UPDATE ON log_leaves BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER log_leaves_stay BEFORE DELETE ON log_leaves BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER log_hashes_keep BEFORE UPDATE ON log_hashes BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER log_hashes_stay BEFORE DELETE ON log_hashes BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER log_heads_keep BEFORE UPDATE ON log_heads BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER log_heads_stay BEFORE DELETE ON log_heads BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER log_head_streams_keep BEFORE UPDATE ON log_head_streams BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER log_head_streams_stay BEFORE DELETE ON log_head_streams BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
-- +goose StatementEnd

-- The embedded biller's own record of what it was asked. The key makes a call once.
CREATE TABLE biller_calls (
    key             TEXT PRIMARY KEY CHECK (key <> ''),
    kind            TEXT NOT NULL CHECK (kind IN ('hold', 'release', 'stop')),
    subscription_id TEXT NOT NULL,
    mode            TEXT NOT NULL DEFAULT '',
    state           TEXT NOT NULL CHECK (state IN ('done', 'pending', 'refused')),
    detail          TEXT NOT NULL DEFAULT '',
    at              TIMESTAMP NOT NULL
);

-- The ledger channel's own books. Nothing else writes them; they are called like an outside channel.
CREATE TABLE ledger_agreements (
    ref      TEXT PRIMARY KEY CHECK (ref <> ''),
    payer    TEXT NOT NULL DEFAULT '',
    state    TEXT NOT NULL CHECK (state IN ('active', 'terminated')),
    ended_at TIMESTAMP,
    end_key  TEXT NOT NULL DEFAULT '',
    CHECK ((state = 'terminated') = (ended_at IS NOT NULL))
);
CREATE TABLE ledger_payments (
    txn_id     TEXT PRIMARY KEY CHECK (txn_id <> ''),
    payer      TEXT NOT NULL DEFAULT '',
    amount_fen INTEGER NOT NULL CHECK (amount_fen > 0)
);
CREATE TABLE ledger_refunds (
    key        TEXT PRIMARY KEY CHECK (key <> ''),
    txn_id     TEXT NOT NULL REFERENCES ledger_payments (txn_id),
    amount_fen INTEGER NOT NULL CHECK (amount_fen > 0),
    at         TIMESTAMP NOT NULL
);
CREATE INDEX ledger_refunds_txn ON ledger_refunds (txn_id);
