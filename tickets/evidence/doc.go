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
// # The bundle, for whoever writes a verifier of their own
//
// Each line of events.jsonl, without its newline, is a leaf; its leaf hash is
// SHA-256(0x00 || line). proofs.json gives each event's leaf index and audit
// path (hashes in hex, from the leaf upwards), the head as a leaf of its own,
// and, where the export has one, an earlier signed checkpoint with the proof
// that the log extends it. checkpoint.txt is a signed note (C2SP) over
// origin, size and base64 root. The head's leaf is the value of head.leaf in
// proofs.json; it names for each stream the number of events and the leaf
// hash of the last, and for each file SHA-256(salt || content). The salts are
// in manifest.json. private.jsonl opens commitments of events: the value, or
// the file that is the value, and its salt. All JSON is canonical: sorted
// keys, no spaces, integers only, UTF-8 with nothing escaped that need not be.
//
// The package is pure: the caller brings the time, the randomness and the
// stored tree hashes.
package evidence
