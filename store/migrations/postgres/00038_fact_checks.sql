-- +goose Up
-- Payment facts are also given before there is a ticket: ticket_id is 0 then.
ALTER TABLE fact_checks DROP CONSTRAINT fact_checks_ticket_id_fkey;
ALTER TABLE fact_checks ALTER COLUMN ticket_id SET DEFAULT 0;
