-- What a platform knows of its members. Instants are Unix milliseconds, 0 for none.
CREATE TABLE IF NOT EXISTS accounts (
    account_no TEXT PRIMARY KEY,
    phone      TEXT NOT NULL,
    email      TEXT NOT NULL,
    doc        TEXT NOT NULL -- in the form of PUT /v1/accounts/{account_no}, without charges
);
CREATE INDEX IF NOT EXISTS accounts_phone ON accounts (phone);
CREATE INDEX IF NOT EXISTS accounts_email ON accounts (email);

CREATE TABLE IF NOT EXISTS subscriptions (
    id             TEXT PRIMARY KEY,
    account_no     TEXT NOT NULL,
    agreement_id   TEXT NOT NULL,
    price_fen      INTEGER NOT NULL,
    months         INTEGER NOT NULL,
    every_minute   BOOLEAN NOT NULL, -- debited every simulated minute, and not once a period
    auto_renew     BOOLEAN NOT NULL,
    period_start   TEXT NOT NULL,
    period_end     TEXT NOT NULL,
    next_charge_at INTEGER NOT NULL,
    held_until     INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS subscriptions_due ON subscriptions (next_charge_at) WHERE auto_renew;
CREATE INDEX IF NOT EXISTS subscriptions_account ON subscriptions (account_no);

CREATE TABLE IF NOT EXISTS agreements (
    id         TEXT PRIMARY KEY,
    account_no TEXT NOT NULL,
    state      TEXT NOT NULL,
    ended_at   INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE IF NOT EXISTS charges (
    seq             INTEGER PRIMARY KEY AUTOINCREMENT,
    id              TEXT NOT NULL UNIQUE,
    account_no      TEXT NOT NULL,
    subscription_id TEXT NOT NULL,
    amount_fen      INTEGER NOT NULL,
    order_no        TEXT NOT NULL,
    channel_txn_id  TEXT NOT NULL,
    doc             TEXT NOT NULL, -- in the form of POST /v1/charges
    debited_at      INTEGER NOT NULL DEFAULT 0, -- by the simulator; 0 for one that it was seeded with
    in_flight       BOOLEAN NOT NULL DEFAULT FALSE,
    pushed          BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX IF NOT EXISTS charges_account ON charges (account_no);
CREATE INDEX IF NOT EXISTS charges_order ON charges (order_no);
CREATE INDEX IF NOT EXISTS charges_txn ON charges (channel_txn_id);

-- What the desk asked for, under its key.
CREATE TABLE IF NOT EXISTS orders (
    key             TEXT PRIMARY KEY,
    op              TEXT NOT NULL,
    subscription_id TEXT NOT NULL,
    agreement_id    TEXT NOT NULL,
    charge_id       TEXT NOT NULL,
    amount_fen      INTEGER NOT NULL,
    state           TEXT NOT NULL,
    detail          TEXT NOT NULL,
    at              INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS orders_charge ON orders (charge_id) WHERE charge_id <> '';

-- Debits that were on their way when a stop came.
CREATE TABLE IF NOT EXISTS flights (
    charge_id       TEXT PRIMARY KEY,
    key             TEXT NOT NULL,
    subscription_id TEXT NOT NULL,
    amount_fen      INTEGER NOT NULL,
    due_at          INTEGER NOT NULL,
    arrived         BOOLEAN NOT NULL DEFAULT FALSE
);
