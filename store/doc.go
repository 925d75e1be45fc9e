// Package store keeps everything in SQLite or PostgreSQL: it implements tickets.Store, agents.Store
// and what mailin needs (leases, cursors, the intake ledger, raw mails as blobs).
//
// Start at Open. A DB answers reads from its own connections and writes in InTx; the methods of one
// noun stand in the file of the noun's name, as in package tickets. The schema is numbered SQL under
// migrations, one folder per dialect, brought up to date by Migrate and by nothing else.
//
// Every error that leaves the package carries a tickets.Kind where the caller can do something about
// it; an error without one is a bug. Instants are UTC and no finer than a microsecond.
package store
