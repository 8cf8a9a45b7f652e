package sdk

import "testing"

func TestDiagnosticsAddf(t *testing.T) {
	var list Diagnostics
	if err := list.Err(); err != nil {
		t.Errorf("an empty list is the error %v", err)
	}
	list.Addf("100 % wrong", "rank is %d.", 0)
	if err := list.Err(); err == nil || list[0] != (Diagnostic{Severity: SeverityError, Summary: "100 % wrong", Detail: "rank is 0."}) {
		t.Errorf("got %+v, %v", list, err)
	}
}
