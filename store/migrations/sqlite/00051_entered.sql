-- What somebody wrote down or reported has a date that he gave it: who did, when, and why so late. NULL for what
-- came in by itself.
-- +goose Up
ALTER TABLE messages ADD COLUMN entered_at TIMESTAMP;
ALTER TABLE messages ADD COLUMN entered_by TEXT NOT NULL DEFAULT '';
ALTER TABLE messages ADD COLUMN entered_reason TEXT NOT NULL DEFAULT '';
