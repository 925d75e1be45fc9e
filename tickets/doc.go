// Package tickets is the case: one customer's request to stop, from the first message to the answer
// with proof. It holds the nouns (Ticket, Message, Run, Step, Effect …), the rules over them as pure
// functions (status table, threading, assurance, clocks) and Desk, the use cases that mail, chat,
// dashboard and API all call.
//
// Start reading at Desk. Each of its methods is one transaction: state, its evidence and the job it
// causes are written together or not at all. What has to happen outside (the biller, a payment
// channel, a mail) is never called here; it is a job that agents/runbook or agents/reply carries out.
// Package store implements Store and Tx.
package tickets
