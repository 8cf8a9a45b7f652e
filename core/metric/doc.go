// Package metric turns labels, scores and features into measured numbers: how
// well a model's images fit their prompts, how close they stay to real images,
// how often a reward agrees with people.
//
// One file holds one metric, with its formula in its comment. A function takes
// plain rows of the dataset tables and returns metrics, each with its n, its
// interval and its protocol, and the per-prompt values that they came from. The
// result does not depend on the order of the rows.
//
// What the package refuses to do: it never returns NaN (a metric that cannot be
// computed has a nil Value and a Note that says why), it never averages over a
// broken input (a score or feature that is NaN or infinite is an error that
// names the image), and it never measures how sure a number is by images alone:
// intervals are over prompts, since images of one prompt resemble each other, within
// the category and split that each was drawn in.
package metric
