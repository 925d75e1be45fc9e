-- Finding holds: by subscription, and the recent ones; and the cases whose question nobody ever answered.
-- +goose Up
CREATE INDEX holds_subscription ON holds (subscription_id, at);
CREATE INDEX holds_at ON holds (at);
CREATE INDEX tickets_no_answer ON tickets (COALESCE(next_charge_at, '9999-12-31 00:00:00+00:00'), first_response_due_at, id) WHERE status = 'closed' AND reason = 'no_answer';
