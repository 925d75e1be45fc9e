-- Finding holds: by subscription, and the recent ones.
-- +goose Up
CREATE INDEX holds_subscription ON holds (subscription_id, at);
CREATE INDEX holds_at ON holds (at);
