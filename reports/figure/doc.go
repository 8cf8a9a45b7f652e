// Package figure draws the figures of a report. A Figure is data: axes, series, intervals,
// reference lines, and the words that go with them. Lay places it once, as a Scene of
// strokes, marks and texts at a width in points; the scene is written as SVG, PDF and
// PNG, and package page shows it with the page's colours. So all of them have the same
// ticks, and none has its own.
//
// It knows nothing of records. What does not fit is left out and told of (Scene.Left);
// texts never meet each other, nor names what is drawn. The same figure is the same bytes.
package figure
