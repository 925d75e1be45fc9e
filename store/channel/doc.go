// Package channel holds the payment channels: where agreements live and refunds go back through.
// Ledger is the desk's own small one; it keeps tables of its own and is called like an outside one,
// so that every rule about keys, time-outs and queries holds for it too.
package channel
