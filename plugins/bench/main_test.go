package bench

import (
	"testing"

	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
)

func TestMain(m *testing.M) { backendstest.Main(m) }
