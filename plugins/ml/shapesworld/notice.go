package shapesworld

// Notice is what every component of the world of shapes states of its results.
const Notice = "Components named shapes: a miniature world, in which small models draw shapes and raters are simulated. " +
	"Nothing here was measured on photographs or by people."
