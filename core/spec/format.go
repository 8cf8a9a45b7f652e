package spec

import "github.com/hashicorp/hcl/v2/hclwrite"

// Format lays out HCL in native syntax the one usual way. Broken text comes
// back with as much laid out as could be understood; nothing is ever lost.
func Format(src []byte) []byte {
	return hclwrite.Format(src)
}
