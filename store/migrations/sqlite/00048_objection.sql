-- What was said against a case and nobody has decided about, whatever its status became since.
-- +goose Up
ALTER TABLE tickets ADD COLUMN objection TEXT NOT NULL DEFAULT '' CHECK (objection IN ('', 'withdrawal_asked', 'denied', 'denied_stopped'));
UPDATE tickets SET objection = reason WHERE reason IN ('denied', 'denied_stopped') OR reason = 'withdrawal_asked' AND status NOT IN ('solved', 'closed');
