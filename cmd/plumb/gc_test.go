package main

import (
	"testing"
	"time"
)

func TestAge(t *testing.T) {
	for text, want := range map[string]time.Duration{"0": 0, "12h": 12 * time.Hour, "30d": 720 * time.Hour, "0.5d": 12 * time.Hour} {
		var a age
		if err := a.Set(text); err != nil || time.Duration(a) != want {
			t.Errorf("%s is %v, %v", text, time.Duration(a), err)
		}
	}
	for _, text := range []string{"", "d", "soon", "-1d", "-1h", "1e9d", "NaNd", "7"} {
		if err := new(age).Set(text); err == nil {
			t.Errorf("%q is an age", text)
		}
	}
	if got := age(defaultYoung).String(); got != "7d" {
		t.Errorf("the default is printed as %s", got)
	}
}
