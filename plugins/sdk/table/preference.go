package table

// Preference is a row of a preferences table: what one rater says of the two images
// that two models drew of one prompt, with one seed.
type Preference struct {
	ImageID  string `parquet:"image_id"`            // of both images, each in its model's table
	Model    string `parquet:"model,dict"`          // which the choice speaks of
	Versus   string `parquet:"versus,dict"`         // the other one
	Item     string `parquet:"item"`                // names the two by their content: people.ItemID
	Aspect   string `parquet:"aspect,dict"`         // what was asked: "alignment" or "fidelity"
	Prompt   string `parquet:"prompt,dict"`         // of both
	Category string `parquet:"category,dict"`       // as in their tables
	Split    string `parquet:"split,dict"`          // as in their tables
	Rater    string `parquet:"rater,dict"`          // a name; of simulated raters "1", "2", ...; empty: nobody was asked, as the two are the same
	Choice   string `parquet:"choice,dict"`         // "better", "worse", "tie" or "skip": of the model's image, beside the other one's
	First    string `parquet:"first,dict,optional"` // whose image was shown first, or to the left: Model or Versus; empty: not known
}
