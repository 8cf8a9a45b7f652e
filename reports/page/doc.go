// Package page writes a report as one HTML file that opens from disk: it holds its
// style, its script and its images, asks nothing of a network, and forbids itself to by
// a Content-Security-Policy. Without its script it still shows its tables, plots and
// first images; with it tables sort, images are filtered and enlarged, and numbers say
// how they were made.
//
// It knows nothing of records and works out no number: package reports says what is on
// the page. All words on it are taken for untrusted text. The same page is the same
// bytes.
package page
