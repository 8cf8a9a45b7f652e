package record

// Kind is the kind of a stage.
type Kind string

// The kinds of stages, in the order in which a run usually meets them.
const (
	KindSample     Kind = "sample"     // sampler, prompts -> images
	KindImport     Kind = "import"     // a folder -> images
	KindMatch      Kind = "match"      // images of a folder, the prompts of an evaluation -> images
	KindRate       Kind = "rate"       // rater, images -> labels; or a file -> labels
	KindCompare    Kind = "compare"    // rater, images -> comparisons; or a file, or labels -> comparisons
	KindPrefer     Kind = "prefer"     // rater, images of two models -> preferences; or a file -> preferences
	KindTexts      Kind = "texts"      // reward, labels, images -> texts whose features its fit reads
	KindFit        Kind = "fit"        // reward, rater or encoder, labels, images, features -> checkpoint and curve
	KindScore      Kind = "score"      // reward, images, features -> scores
	KindBlend      Kind = "blend"      // scores of several rewards -> scores
	KindChoose     Kind = "choose"     // scores, images -> images
	KindPerturb    Kind = "perturb"    // images -> changed images, and images with other prompts
	KindPrecompute Kind = "precompute" // sampler, images -> what its tune reads
	KindTune       Kind = "tune"       // sampler, images, what is precomputed of them, scores -> checkpoint and curve
	KindWatch      Kind = "watch"      // labels, scores at the steps of a tuning -> metrics and a verdict
	KindKeep       Kind = "keep"       // checkpoints and a verdict -> checkpoint and curve
	KindEncode     Kind = "encode"     // encoder, images or texts -> features
	KindMeasure    Kind = "measure"    // labels, scores, features -> metrics and per-prompt values
)
