package spec

// optimizerSchema is the language's table of AdamW's settings and those of its
// learning rate, which stand flat in a finetune block. They go to the sampler as
// they are; plugins/ml/train has their type.
var optimizerSchema = Schema{Attributes: []Attribute{
	{Name: "learning_rate", Type: "number", Default: []byte(`2e-4`), Minimum: number(0), Summary: "the highest, after warm-up"},
	{Name: "warmup_steps", Type: "integer", Default: []byte(`20`), Minimum: number(0), Maximum: number(1e9), Summary: "steps over which the learning rate rises from 0"},
	{Name: "schedule", Type: "string", Default: []byte(`"constant"`), OneOf: []string{"constant", "cosine"}, Summary: "of the learning rate after warm-up; cosine goes to 0"},
	{Name: "weight_decay", Type: "number", Default: []byte(`0.01`), Minimum: number(0), Summary: "decoupled, as in AdamW"},
	{Name: "beta1", Type: "number", Default: []byte(`0.9`), Minimum: number(0), Maximum: number(1), Summary: "decay of the mean of gradients, as in AdamW"},
	{Name: "beta2", Type: "number", Default: []byte(`0.999`), Minimum: number(0), Maximum: number(1), Summary: "decay of the mean of their squares"},
	{Name: "epsilon", Type: "number", Default: []byte(`1e-8`), Minimum: number(0), Summary: "added to the root of the second mean"},
	{Name: "gradient_clip_norm", Type: "number", Default: []byte(`1`), Minimum: number(0), Summary: "largest norm of the gradient; 0: not clipped"},
	{Name: "ema_decay", Type: "number", Default: []byte(`0`), Minimum: number(0), Maximum: number(1), Summary: "of the exponential moving average of the weights; 0: none"},
}}
