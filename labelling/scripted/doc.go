// Package scripted is a rater that is a program: it opens a rater's link and speaks to
// the page's server as a browser does, with its cookie, its page's token and its way to
// send an answer again until there is a reply. Simulated raters use it, and the test of
// the server under load.
//
// It refuses to know anything that the page does not tell a browser.
package scripted
