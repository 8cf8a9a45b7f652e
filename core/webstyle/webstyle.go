// Package webstyle holds the style sheet that all pages of Plumb begin with: colours in
// light and dark, text, tables, dialogs, focus. A page adds its own behind it.
package webstyle

import _ "embed" // the style sheet

//go:embed base.css
var base string

// Base is the style sheet's text.
func Base() string { return base }
