-- Who took part in what a refund was proposed on, as ,agent:LOGIN,agent:LOGIN, and whether a supervisor who is
-- none of them has to release it: one who wrote down the yes, entered what proved the customer, or opened the case.
-- +goose Up
ALTER TABLE refunds ADD COLUMN involved TEXT NOT NULL DEFAULT '';
ALTER TABLE refunds ADD COLUMN supervised BOOLEAN NOT NULL DEFAULT FALSE CONSTRAINT refunds_supervised CHECK (
    NOT supervised OR approver = '' OR state IN ('rejected', 'closed')
    OR (approver <> 'desk' AND instr(lower(involved), ',' || lower(approver) || ',') = 0));
ALTER TABLE verifications ADD COLUMN by_actor TEXT NOT NULL DEFAULT '';
