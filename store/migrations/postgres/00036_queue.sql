-- Who works on a case until when, the pauses of its clock, and when somebody has to be warned; the days
-- that the desk works or not beside the bare week.
-- +goose Up
ALTER TABLE tickets ADD COLUMN claimed_at TIMESTAMPTZ;
ALTER TABLE tickets ADD COLUMN claimed_until TIMESTAMPTZ;
ALTER TABLE tickets ADD COLUMN pauses TEXT;
ALTER TABLE tickets ADD COLUMN alert_at TIMESTAMPTZ;
-- What runs is looked at as soon as a worker does; what is over never.
UPDATE tickets SET alert_at = received_at WHERE status NOT IN ('solved', 'closed');
-- The watch reads nothing but what its moment has come for.
CREATE INDEX tickets_alert ON tickets (alert_at, id) WHERE alert_at IS NOT NULL;
CREATE INDEX tickets_chats ON tickets (id) WHERE channel = 'chat' AND status IN ('new', 'open');
-- What waits for an approval is found from the refunds and steps that do, not from every case that runs.
CREATE INDEX refunds_proposed ON refunds (ticket_id) WHERE state = 'proposed';

CREATE TABLE calendar_days (
    day   TEXT PRIMARY KEY CHECK (length(day) = 10),
    works BOOLEAN NOT NULL,
    name  TEXT NOT NULL DEFAULT '',
    at    TIMESTAMPTZ NOT NULL
);
