-- A code that a stranger's page asked for and that could go nowhere is a row too, so that asking for it and
-- entering it tell nobody whether there is an account.
-- +goose Up
ALTER TABLE codes DROP CONSTRAINT codes_account_no_check;
ALTER TABLE codes DROP CONSTRAINT codes_recipient_check;
ALTER TABLE codes ADD CONSTRAINT codes_nowhere_check CHECK ((account_no = '') = (recipient = ''));
