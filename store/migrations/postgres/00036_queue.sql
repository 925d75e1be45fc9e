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
CREATE INDEX tickets_chats ON tickets (channel, status) WHERE channel = 'chat' AND status IN ('new', 'open');
CREATE INDEX tickets_unassigned ON tickets (COALESCE(next_charge_at, TIMESTAMPTZ '9999-12-31 00:00:00+00:00'), first_response_due_at, id) WHERE status NOT IN ('solved', 'closed') AND assignee = '';
-- The lists of what is over are paged through in the queue's order too, without sorting years of it.
DROP INDEX tickets_status;
CREATE INDEX tickets_status ON tickets (status, COALESCE(next_charge_at, TIMESTAMPTZ '9999-12-31 00:00:00+00:00'), first_response_due_at, id);
CREATE INDEX tickets_not_cancellation ON tickets (COALESCE(next_charge_at, TIMESTAMPTZ '9999-12-31 00:00:00+00:00'), first_response_due_at, id) WHERE status = 'closed' AND reason = 'not_cancellation';
-- What waits for an approval or a person is found from the refunds and steps that do, not from every case that runs.
CREATE INDEX tickets_approval ON tickets (id) WHERE reason = 'needs_approval';
CREATE INDEX refunds_proposed ON refunds (ticket_id) WHERE state = 'proposed';
CREATE INDEX runs_open ON runs (id, ticket_id) WHERE ended_at IS NULL;
CREATE INDEX steps_approval ON steps (run_id) WHERE state = 'needs_approval';
CREATE INDEX steps_person ON steps (run_id) WHERE state IN ('needs_agent', 'failed');

CREATE TABLE calendar_days (
    day   TEXT PRIMARY KEY CHECK (length(day) = 10),
    works BOOLEAN NOT NULL,
    name  TEXT NOT NULL DEFAULT '',
    at    TIMESTAMPTZ NOT NULL
);
