-- The account store: what the platform told about its members, and what this desk did with it.
-- +goose Up
CREATE TABLE accounts (
    account_no         TEXT PRIMARY KEY CHECK (account_no <> ''),
    name               TEXT NOT NULL DEFAULT '',
    phone              TEXT NOT NULL DEFAULT '',
    email              TEXT NOT NULL DEFAULT '',
    national_id_hash   TEXT NOT NULL DEFAULT '',
    national_id_mask   TEXT NOT NULL DEFAULT '',
    locale             TEXT NOT NULL DEFAULT '',
    synced_at          TIMESTAMP,
    contact_changed_at TIMESTAMP
);
CREATE INDEX accounts_phone ON accounts (phone) WHERE phone <> '';
CREATE INDEX accounts_email ON accounts (email) WHERE email <> '';

CREATE TABLE subscriptions (
    id                   TEXT PRIMARY KEY CHECK (id <> ''),
    account_no           TEXT NOT NULL REFERENCES accounts (account_no),
    plan                 TEXT NOT NULL DEFAULT '',
    period               TEXT NOT NULL CHECK (period IN ('month', 'quarter', 'year')),
    price_fen            INTEGER NOT NULL DEFAULT 0 CHECK (price_fen >= 0),
    opened_at            TIMESTAMP,
    current_period_start TEXT NOT NULL DEFAULT '',
    current_period_end   TEXT NOT NULL DEFAULT '',
    next_charge_at       TIMESTAMP,
    auto_renew           BOOLEAN NOT NULL DEFAULT FALSE,
    consent_version      TEXT NOT NULL DEFAULT '',
    consent_at           TIMESTAMP,
    notices              TEXT,
    stopped_at           TIMESTAMP,
    access_until         TEXT NOT NULL DEFAULT '',
    CHECK (current_period_start <= current_period_end)
);
CREATE INDEX subscriptions_account ON subscriptions (account_no);

CREATE TABLE agreements (
    id               TEXT PRIMARY KEY CHECK (id <> ''),
    account_no       TEXT NOT NULL REFERENCES accounts (account_no),
    channel          TEXT NOT NULL CHECK (channel IN ('wechat', 'alipay', 'ledger', 'platform', 'external')),
    merchant         TEXT NOT NULL DEFAULT '',
    channel_ref      TEXT NOT NULL DEFAULT '',
    payer            TEXT NOT NULL DEFAULT '',
    signed_at        TIMESTAMP,
    state            TEXT NOT NULL CHECK (state IN ('active', 'stopping', 'terminated')),
    claimed_ended    BOOLEAN NOT NULL DEFAULT FALSE,
    ended_at         TIMESTAMP,
    subscription_ids TEXT,
    -- Only a channel's own answer ends an agreement, and it comes with an instant.
    CHECK ((state = 'terminated') = (ended_at IS NOT NULL))
);
CREATE INDEX agreements_account ON agreements (account_no);

CREATE TABLE charges (
    id              TEXT PRIMARY KEY CHECK (id <> ''),
    account_no      TEXT NOT NULL REFERENCES accounts (account_no),
    subscription_id TEXT NOT NULL DEFAULT '',
    agreement_id    TEXT NOT NULL DEFAULT '',
    amount_fen      INTEGER NOT NULL CHECK (amount_fen >= 0),
    currency        TEXT NOT NULL DEFAULT 'CNY' CHECK (length(currency) = 3),
    charged_at      TIMESTAMP NOT NULL,
    period_start    TEXT NOT NULL DEFAULT '',
    period_end      TEXT NOT NULL DEFAULT '',
    channel         TEXT NOT NULL CHECK (channel IN ('wechat', 'alipay', 'ledger', 'platform', 'external')),
    merchant        TEXT NOT NULL DEFAULT '',
    channel_txn_id  TEXT NOT NULL DEFAULT '',
    order_no        TEXT NOT NULL DEFAULT '',
    payer           TEXT NOT NULL DEFAULT '',
    refunded_fen    INTEGER NOT NULL DEFAULT 0 CHECK (refunded_fen >= 0 AND refunded_fen <= amount_fen),
    consumed_fen    INTEGER NOT NULL DEFAULT 0 CHECK (consumed_fen >= 0),
    state           TEXT NOT NULL CHECK (state IN ('paid', 'pending', 'failed')),
    CHECK (period_start <= period_end)
);
CREATE INDEX charges_account ON charges (account_no, charged_at);
CREATE INDEX charges_order ON charges (order_no) WHERE order_no <> '';
CREATE INDEX charges_txn ON charges (channel_txn_id) WHERE channel_txn_id <> '';

CREATE TABLE charge_watermarks (
    source           TEXT PRIMARY KEY CHECK (source <> ''),
    complete_through TIMESTAMP NOT NULL,
    at               TIMESTAMP NOT NULL
);

CREATE TABLE refunds (
    id         TEXT PRIMARY KEY CHECK (id <> ''),
    charge_id  TEXT NOT NULL REFERENCES charges (id),
    account_no TEXT NOT NULL REFERENCES accounts (account_no),
    ticket_id  INTEGER NOT NULL DEFAULT 0,
    amount_fen INTEGER NOT NULL CHECK (amount_fen > 0),
    state      TEXT NOT NULL CHECK (state IN ('proposed', 'approved', 'submitted', 'processing', 'succeeded', 'closed', 'abnormal', 'unknown', 'rejected')),
    key        TEXT NOT NULL DEFAULT '',
    own_fault  BOOLEAN NOT NULL DEFAULT FALSE,
    reason     TEXT NOT NULL DEFAULT '',
    quote_hash TEXT NOT NULL DEFAULT '',
    proposer   TEXT NOT NULL DEFAULT '',
    approver   TEXT NOT NULL DEFAULT '',
    at         TIMESTAMP NOT NULL,
    decided_at TIMESTAMP,
    done_at    TIMESTAMP,
    detail     TEXT NOT NULL DEFAULT '',
    elsewhere  BOOLEAN NOT NULL DEFAULT FALSE,
    version    INTEGER NOT NULL DEFAULT 1,
    -- Nobody releases what he proposed himself; only the desk's own rules may do both. Taking one's
    -- own proposal back is no release.
    CONSTRAINT refunds_two_people CHECK (approver = '' OR approver = 'desk' OR lower(approver) <> lower(proposer) OR state IN ('rejected', 'closed')),
    -- Money that moves was released by somebody; what the platform paid back itself was its own decision.
    CONSTRAINT refunds_released CHECK (approver <> '' OR elsewhere OR state IN ('proposed', 'rejected', 'closed')),
    CONSTRAINT refunds_proposed CHECK (elsewhere OR (proposer <> '' AND key <> ''))
);
CREATE UNIQUE INDEX refunds_key ON refunds (key) WHERE key <> '';
CREATE INDEX refunds_charge ON refunds (charge_id);
CREATE INDEX refunds_account ON refunds (account_no);
CREATE INDEX refunds_ticket ON refunds (ticket_id) WHERE ticket_id <> 0;
CREATE INDEX refunds_proposed_state ON refunds (at) WHERE state = 'proposed';

CREATE TABLE asset_lots (
    id         TEXT PRIMARY KEY CHECK (id <> ''),
    account_no TEXT NOT NULL REFERENCES accounts (account_no),
    kind       TEXT NOT NULL DEFAULT '',
    source     TEXT NOT NULL CHECK (source IN ('paid', 'gift')),
    quantity   INTEGER NOT NULL DEFAULT 0 CHECK (quantity >= 0),
    value_fen  INTEGER NOT NULL DEFAULT 0 CHECK (value_fen >= 0),
    used_fen   INTEGER NOT NULL DEFAULT 0 CHECK (used_fen >= 0),
    revealed   BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX asset_lots_account ON asset_lots (account_no);

-- What a sync said against what the desk did. The desk's own record stays; a person looks.
CREATE TABLE sync_conflicts (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    account_no  TEXT NOT NULL REFERENCES accounts (account_no),
    noun        TEXT NOT NULL CHECK (noun IN ('account', 'subscription', 'agreement', 'charge', 'refund', 'asset')),
    noun_id     TEXT NOT NULL,
    reason      TEXT NOT NULL CHECK (reason <> ''),
    said        TEXT NOT NULL DEFAULT '',
    kept        TEXT NOT NULL DEFAULT '',
    at          TIMESTAMP NOT NULL,
    resolved_at TIMESTAMP
);
CREATE INDEX sync_conflicts_account ON sync_conflicts (account_no, at);
