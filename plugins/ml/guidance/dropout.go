package guidance

import "math/rand/v2"

// DropCaption decides whether an example is trained on without its caption
// (algorithm 1): that is so for a share of examples, 0 to 1. It takes one number
// from random.
func DropCaption(random *rand.Rand, share float64) bool { return random.Float64() < share }
