-- Cases and what was said in them. AUTOINCREMENT because a ticket's number is never used twice.
-- +goose Up
CREATE TABLE tickets (
    id                    INTEGER PRIMARY KEY AUTOINCREMENT,
    status                TEXT NOT NULL CHECK (status IN ('new', 'open', 'pending', 'on_hold', 'solved', 'closed')),
    reason                TEXT NOT NULL DEFAULT '',
    channel               TEXT NOT NULL CHECK (channel IN ('email', 'chat', 'phone', 'web', 'guard', 'other')),
    subject               TEXT NOT NULL DEFAULT '',
    locale                TEXT NOT NULL DEFAULT '',
    requester             TEXT NOT NULL DEFAULT '',
    intent                TEXT NOT NULL DEFAULT '' CHECK (intent IN ('', 'stop_auto_renew', 'cancel_and_refund', 'refund_mistaken_charge', 'asset_disposal', 'entry_complaint', 'status_inquiry', 'clarify', 'not_cancellation')),
    intents               TEXT,
    flags                 TEXT,
    facts                 TEXT,
    confidence            REAL NOT NULL DEFAULT 0,
    why                   TEXT,
    account_no            TEXT NOT NULL DEFAULT '',
    candidates            TEXT,
    subscription_ids      TEXT,
    assurance             INTEGER NOT NULL DEFAULT 0 CHECK (assurance BETWEEN 0 AND 3),
    sender_proven         BOOLEAN NOT NULL DEFAULT FALSE,
    assignee              TEXT NOT NULL DEFAULT '',
    urgent                BOOLEAN NOT NULL DEFAULT FALSE,
    received_at           TIMESTAMP NOT NULL,
    first_response_due_at TIMESTAMP NOT NULL,
    resolution_due_at     TIMESTAMP NOT NULL,
    next_charge_at        TIMESTAMP,
    first_responded_at    TIMESTAMP,
    solved_at             TIMESTAMP,
    closed_at             TIMESTAMP,
    version               INTEGER NOT NULL,
    CHECK ((status = 'closed') = (closed_at IS NOT NULL))
);
-- The queue's order: the next charge first, those without one last, then the earliest answer due.
CREATE INDEX tickets_queue ON tickets (COALESCE(next_charge_at, '9999-12-31 00:00:00+00:00'), first_response_due_at, id);
CREATE INDEX tickets_live ON tickets (COALESCE(next_charge_at, '9999-12-31 00:00:00+00:00'), first_response_due_at, id) WHERE status NOT IN ('solved', 'closed');
CREATE INDEX tickets_status ON tickets (status, reason);
CREATE INDEX tickets_requester ON tickets (requester, id) WHERE status <> 'closed';
CREATE INDEX tickets_account ON tickets (account_no, id) WHERE account_no <> '';
CREATE INDEX tickets_assignee ON tickets (assignee) WHERE assignee <> '';

CREATE TABLE messages (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket_id     INTEGER NOT NULL REFERENCES tickets (id),
    direction     TEXT NOT NULL CHECK (direction IN ('inbound', 'reply', 'note')),
    channel       TEXT NOT NULL CHECK (channel IN ('email', 'chat', 'phone', 'web', 'guard', 'other')),
    at            TIMESTAMP NOT NULL,
    sender        TEXT NOT NULL DEFAULT '',
    sender_name   TEXT NOT NULL DEFAULT '',
    recipient     TEXT NOT NULL DEFAULT '',
    subject       TEXT NOT NULL DEFAULT '',
    text          TEXT NOT NULL DEFAULT '',
    quoted        TEXT NOT NULL DEFAULT '',
    html          TEXT NOT NULL DEFAULT '',
    attachments   TEXT,
    message_id    TEXT NOT NULL DEFAULT '',
    refs          TEXT,
    raw           TEXT NOT NULL DEFAULT '',
    kind          TEXT NOT NULL DEFAULT '' CHECK (kind IN ('', 'message', 'auto_reply', 'bounce', 'list', 'own')),
    defects       TEXT,
    asks          TEXT,
    affirms       BOOLEAN NOT NULL DEFAULT FALSE,
    assurance     INTEGER NOT NULL DEFAULT 0 CHECK (assurance BETWEEN 0 AND 3),
    assurance_why TEXT
);
CREATE INDEX messages_ticket ON messages (ticket_id, at, id);
CREATE INDEX messages_mail_id ON messages (message_id) WHERE message_id <> '';

CREATE TABLE links (
    from_id INTEGER NOT NULL REFERENCES tickets (id),
    to_id   INTEGER NOT NULL REFERENCES tickets (id),
    kind    TEXT NOT NULL CHECK (kind IN ('follows', 'suggested', 'joined', 'account')),
    at      TIMESTAMP NOT NULL,
    PRIMARY KEY (from_id, to_id),
    CHECK (from_id <> to_id)
);
CREATE INDEX links_to ON links (to_id);
