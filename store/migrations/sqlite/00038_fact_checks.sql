-- +goose Up
-- Payment facts are also given before there is a ticket: ticket_id is 0 then.
CREATE TABLE fact_checks_new (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket_id  INTEGER NOT NULL DEFAULT 0,
    account_no TEXT NOT NULL DEFAULT '',
    matched    BOOLEAN NOT NULL,
    by_actor   TEXT NOT NULL DEFAULT '',
    at         TIMESTAMP NOT NULL
);
INSERT INTO fact_checks_new (id, ticket_id, account_no, matched, by_actor, at)
SELECT id, ticket_id, account_no, matched, by_actor, at FROM fact_checks;
DROP TABLE fact_checks;
ALTER TABLE fact_checks_new RENAME TO fact_checks;
CREATE INDEX fact_checks_ticket ON fact_checks (ticket_id, at) WHERE ticket_id <> 0;
CREATE INDEX fact_checks_account ON fact_checks (account_no, at) WHERE account_no <> '';
