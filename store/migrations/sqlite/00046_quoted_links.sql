-- Links to customers' pages that were written in what reached the desk: a click on one proves nobody.
-- +goose Up
CREATE TABLE quoted_links (
    digest    TEXT PRIMARY KEY CHECK (length(digest) = 64),
    ticket_id INTEGER NOT NULL,
    at        TIMESTAMP NOT NULL
);
