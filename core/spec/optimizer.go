package spec

// optimizerSchema is the one table of the optimizer's arguments, which stand
// flat in a finetune block, with their defaults. The names are the JSON names
// of the plugin contract's Optimizer.
var optimizerSchema = Schema{Attributes: []Attribute{
	{Name: "steps", Type: "integer", Default: []byte(`400`), Minimum: number(1), Maximum: number(1e9), Summary: "optimizer steps"},
	{Name: "batch_size", Type: "integer", Default: []byte(`64`), Minimum: number(1), Maximum: number(1e9), Summary: "images per step and loss, over all devices"},
	{Name: "learning_rate", Type: "number", Default: []byte(`2e-4`), Minimum: number(0), Summary: "the highest, after warm-up"},
	{Name: "warmup_steps", Type: "integer", Default: []byte(`20`), Minimum: number(0), Maximum: number(1e9), Summary: "steps over which the learning rate rises from 0"},
	{Name: "schedule", Type: "string", Default: []byte(`"constant"`), OneOf: []string{"constant", "cosine"}, Summary: "of the learning rate after warm-up; cosine goes to 0"},
	{Name: "weight_decay", Type: "number", Default: []byte(`0.01`), Minimum: number(0), Summary: "decoupled, as in AdamW"},
	{Name: "beta1", Type: "number", Default: []byte(`0.9`), Minimum: number(0), Maximum: number(1)},
	{Name: "beta2", Type: "number", Default: []byte(`0.999`), Minimum: number(0), Maximum: number(1)},
	{Name: "epsilon", Type: "number", Default: []byte(`1e-8`), Minimum: number(0)},
	{Name: "gradient_clip_norm", Type: "number", Default: []byte(`1`), Minimum: number(0), Summary: "largest norm of the gradient; 0: not clipped"},
	{Name: "ema_decay", Type: "number", Default: []byte(`0`), Minimum: number(0), Maximum: number(1), Summary: "of the exponential moving average of the weights; 0: none"},
}}
