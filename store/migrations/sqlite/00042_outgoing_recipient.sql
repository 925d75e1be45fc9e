-- Finding the newest mail that went to an address, whoever wrote it.
-- +goose Up
CREATE INDEX outgoing_recipient ON outgoing (recipient, id);
