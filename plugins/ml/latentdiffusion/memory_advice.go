package latentdiffusion

import (
	"fmt"

	"github.com/plumb-ml/plumb/plugins/ml/objective"
	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// finetune is the block of the settings.
const finetune = "finetune"

// MemoryAdvice lists changes of the settings that make a fine-tuning take less memory
// of the device: first those that change its result by rounding alone.
func (s Settings) MemoryAdvice(request sdk.TuneRequest) []sdk.Advice {
	var list []sdk.Advice
	add := func(option, write, now string) {
		list = append(list, sdk.Advice{Option: option, Block: finetune, Write: write, Now: now})
	}
	total := request.BatchSize * len(request.Losses)
	micro, now := s.MicroBatchSize, fmt.Sprint(s.MicroBatchSize)
	if micro <= 0 || micro > total {
		micro, now = total, fmt.Sprintf("all %d images of a step at once", total)
	}
	group := objective.Group(request.Losses)
	if smaller := micro / 2 / group * group; smaller > 0 {
		add("micro_batch_size", fmt.Sprintf("micro_batch_size = %d", smaller), now)
	}
	if !s.GradientCheckpointing {
		add("gradient_checkpointing", "gradient_checkpointing = true", "false")
	}
	if s.Precision != BFloat16 {
		add("precision", `precision = "bfloat16"`, Float32)
	}
	if optimizer, err := train.ReadOptimizer(request.Optimizer); err == nil && optimizer.EMADecay > 0 {
		add("ema_decay", "ema_decay = 0", fmt.Sprintf("%g: a copy of what is trained", optimizer.EMADecay))
	}
	if s.LoRA == nil {
		add("lora", "lora {}", "absent: all weights of the unet are trained")
	}
	return list
}
