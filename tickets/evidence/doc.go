// Package evidence keeps the desk's record of what was received, decided,
// done and answered, and lets anybody check it with a file and a public key.
//
// Start with [Event], one canonical JSON line. Events of one ticket form a
// stream: each names the hash of the one before it. All events of all streams
// are leaves of one Merkle tree ([Log], RFC 6962), whose size and root are
// signed in a [Checkpoint]. An export first logs a [Head], which says how many
// events each exported stream has and which files belong to them, and is then
// written as a zip by [WriteBundle]. [Verify] reads that zip with the desk's
// verifier key and nothing else: no network, no clock, no database.
//
// Personal data never enters a leaf. A leaf holds salted digests ([Commit]);
// deleting a value together with its salt leaves every proof intact.
//
// The package is pure: the caller brings the time, the randomness and the
// stored tree hashes.
package evidence
