// Package platform is the platform's side of the desk: looking accounts up and having the biller stop
// its debits. Embedded is the biller that works on the desk's own account store.
package platform
