// Package server is where people judge images: a page for raters, which asks for what
// the queue has for them and keeps what they say until it is stored, and a page for the
// experimenter, which shows how far everything is.
//
// Whoever has a rater's link is that rater, and can answer the items that are open for
// them and nothing else; whoever has the experimenter's link sees everybody's links.
// Nothing of a request is ever a path in the file system. What the page of a rater is
// sent tells neither which model made an image, nor why an item is asked, nor what
// others said: items and images have names of their own for each rater.
//
// It refuses to choose what is asked next, which is package labelling/queue's, and to
// keep judgements, which is package core/people/database's.
package server
