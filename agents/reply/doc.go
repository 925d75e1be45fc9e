// Package reply is what goes out to the customer by mail. Two jobs meet here. Writer carries out
// reply.tell: it gathers what is stored about the ticket, composes the mail and puts its exact bytes
// into the outbox, in one transaction. Sender carries out reply.send: it hands those bytes to the
// mail server with no transaction open and records the answer.
//
// Compose is pure and is where to start reading. It says only what the stored facts prove: an outcome
// that is not true, or that would go to anybody but the registered contact, is refused as Conflict.
// The words stand in texts, one folder for each language.
package reply
