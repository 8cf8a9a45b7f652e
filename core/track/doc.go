// Package track tells trackers of experiments, such as MLflow, of runs.
//
// What a tracker gets is made from records, as reports are, and can be sent at any time
// and again: Describe says what a run is there, as parameters, numbers, curves, pictures
// and files. What a training reports while it goes on comes earlier: it is written into a
// Queue in the run's directory first, and a Sender takes it from there.
//
//  1. A run begins: its Sender is started and hears of its events.
//  2. The Sender writes what trainings report into the queue, and sends what has come,
//     from a goroutine of its own. What cannot be sent is tried again, and told once.
//  3. The run has ended and its report is written: Finish sends the rest, as long as it
//     gets on, and says what is left.
//  4. Later, and as often as one likes, Again sends what a tracker lacks, reads back what
//     it has, and says what differs.
//
// Tracking is no part of the work: no key and no identity of a run has anything of it,
// and no trouble with it makes a run wait or fail. Passwords and tokens are never
// written down.
package track
