// Package simulator is a platform to try the desk against: members who are debited every simulated
// minute, the account look-up and the biller that DESIGN.md 6.3 asks a platform for, and trouble on
// command. It has a database of its own, verifies every signature, forgets nothing when it is killed,
// and shows each debit that it ever made, so that a test can prove that nobody was debited who had been
// told that he would not be. Start reading at Simulator.
package simulator
