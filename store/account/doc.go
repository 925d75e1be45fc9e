// Package account holds the nouns of the account store and the pure rules over them: members,
// their subscriptions, the agreements a payer signed, charges, refunds and asset lots; calendar
// dates, periods, proration and quotes.
//
// Nothing here touches a database, a network or a clock. The gorm column tags on the structs say how
// package store keeps them; every other shape (the API's, a bundle's) is a type of its own elsewhere.
// Money is int64 fen (1/100 of a yuan) throughout. Start reading at Snapshot, which is what a
// decision is made from, and at Prorate.
package account
