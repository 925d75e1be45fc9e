-- What the comparison of each folder with the ledger found last, and which mails wait for what is to become
-- of them on their server.
-- +goose Up
CREATE TABLE reconciliations (
    mailbox      TEXT NOT NULL CHECK (mailbox <> ''),
    folder       TEXT NOT NULL CHECK (folder <> ''),
    uid_validity BIGINT NOT NULL CHECK (uid_validity >= 0),
    through_uid  BIGINT NOT NULL CHECK (through_uid >= 0),
    mails        BIGINT NOT NULL CHECK (mails >= 0),
    missing      BIGINT NOT NULL CHECK (missing BETWEEN 0 AND mails),
    at           TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (mailbox, folder)
);

ALTER TABLE intake ADD COLUMN unprocessed BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX intake_unprocessed ON intake (mailbox, folder, uid_validity, uid) WHERE unprocessed;
