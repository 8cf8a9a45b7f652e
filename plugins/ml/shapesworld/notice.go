package shapesworld

// Notice is what every component of the world of shapes states of its results.
const Notice = "Components named shapes: a miniature world, in which small models draw shapes and raters of that name are simulated. " +
	"Nothing here was measured on photographs."
