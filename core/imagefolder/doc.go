// Package imagefolder reads captioned images that people bring along: a Hugging
// Face imagefolder or dataset, of which Folder says what is taken.
//
// It refuses to guess at captions, to leave the folder by a link, and to stop at
// the first mistake: all of them are diagnostics with their lines.
package imagefolder
