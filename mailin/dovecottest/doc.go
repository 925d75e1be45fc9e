// Package dovecottest runs a real Dovecot, 2.3 or 2.4, for a test: IMAP and IMAPS on free loopback ports, users in a
// passwd-file, mail in maildirs, everything in a folder of its own that goes away with the test.
//
// A test without Dovecot on the machine fails and says what to run; it is never left out. Started as root, the
// server steps down to the user dovecot (or nobody), since Dovecot lets nobody read mail as root; started by
// anybody else it runs as that user. Linux only: the processes to kill are found in /proc.
package dovecottest
