// Package intent reads what a customer wrote or said and tells what is asked
// for and which facts are stated. It is pure: text in, understanding out, with
// no network, no clock and no state, so the same text always gives the same
// answer.
//
// Start at Understand. The way through the package:
//
//	text.go      cut quoted mail and signatures, fold width, case and script
//	lexicon.go   one pass over the text finds words and their concepts
//	clause.go    words become clauses with a speaker and a question mark
//	reading.go   grammar: acts, objects, negation, tense become findings
//	denial.go    a writer who denies having asked, found before his words are read as a request
//	decide.go    findings become one primary intent and the others
//	facts.go     numbers, addresses and labels become facts
//
// The vocabulary is data, in lexicon/*.txt; the grammar over it is code.
//
// Two axes carry the meaning: the act (stop, pause, refund, ask, complain,
// keep, resume) and the object (the billing agreement, the membership, the
// account, an order, a top-up, marketing messages, assets). Only an act that
// stops, on an object that bills, is taken for a request to stop. When in
// doubt the reading that stops money wins over one that lets it run on, and a
// bare request that never speaks of billing is Clarify.
package intent
