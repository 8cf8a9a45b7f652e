// Package queue decides which item comes next for whom: distinct raters for an item, no
// item twice to one rater but on purpose, gold items and attention checks mixed in, and
// leases, so that what a closed tab holds comes back.
//
// The life of an item: Next puts it on a screen and leases it to a rater; Answer takes
// what the rater says and gives the lease back; Withdraw opens it again, for the same
// rater; a lease that nobody renews runs out, and the item is open for others.
//
// It is pure logic: it keeps nothing, sends nothing and has no clock of its own. What
// comes next follows from the secret, the clock and the calls alone.
package queue
