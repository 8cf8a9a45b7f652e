package sdk

import (
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// What can be declared can be checked.
func TestEveryCapabilityIsChecked(t *testing.T) {
	for _, capability := range schema.Capabilities() {
		if implements[capability] == nil && capability != schema.CheckPrompts { // Plugin.Validate asks the component
			t.Errorf("nothing is asked of an instance with the capability %q", capability)
		}
	}
	for _, kind := range schema.Kinds() {
		if implementsKind[kind] == nil {
			t.Errorf("nothing is asked of a %s", kind)
		}
	}
	if len(implements) != len(schema.Capabilities())-1 {
		t.Errorf("%d capabilities are checked, and there are %q", len(implements), schema.Capabilities())
	}
}
