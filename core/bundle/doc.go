// Package bundle writes a run into one file that another lab can check, and checks it.
//
// A bundle is a tar archive. Its first entry, bundle.json, lists all others with their
// sha256 and what they are: the run's record and those of its stages; every table that
// the numbers were made of, by its digest; the images; the experiment with its prompts
// and labels; the tables of the report. The same run gives the same bytes. What is left
// out, such as weights and checkpoints, is listed by its digest.
//
//  1. Write makes a bundle of Contents.
//  2. Open unpacks one, and holds every byte against the list: what is damaged, cut off,
//     foreign or of a newer version is an error that names it.
//  3. Recompute works out every metric again, from the tables of labels, scores and
//     features, and Compare sets a second run's metrics against the bundle's.
//
// A bundle is no signature: whoever alters a number and everything that it follows from
// has made another bundle. Its digest, which Write returns, is what a paper quotes.
package bundle
