package lora

import (
	"testing"

	"github.com/plumb-ml/plumb/plugins/ml/compute/computetest"
)

func TestMain(m *testing.M) { computetest.Main(m) }
