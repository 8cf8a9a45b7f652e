package plugin

import (
	"path/filepath"
	"strings"
	"testing"
)

// Where plugins have ports, a certificate guards them, and elsewhere a directory does.
func TestWhatIsWrong(t *testing.T) {
	own := t.TempDir()
	for _, c := range []struct {
		handshake string
		ports     bool
		want      string
	}{
		{"1|1|unix|" + filepath.Join(own, "s") + "|grpc", false, ""},
		{"1|1|unix|" + filepath.Join(own, "s") + "|grpc|", false, ""},
		{"1|1|unix|" + filepath.Join(own, "s") + "|grpc||true", false, ""},
		{"1|1|unix|" + filepath.Join(own, "s") + "|grpc|MIIB", false, "it shows a certificate"},
		{"1|1|unix|" + filepath.Join(own, "..", "s") + "|grpc", false, "is not in the directory"},
		{"1|1|unix|" + own + "|grpc", false, "is not in the directory"},
		{"1|1|unix||grpc", false, "it says no address"},
		{"1|1|tcp|127.0.0.1:80|grpc", false, "it listens at a port, 127.0.0.1:80"},
		{"1|1|tcp|127.0.0.1:80|grpc|MIIB", false, "it listens at a port"},
		{"1|1|tcp|127.0.0.1:80|grpc|MIIB", true, ""},
		{"1|1|tcp|127.0.0.1:80|grpc|", true, "it shows no certificate, as in 1|1|tcp|"},
		{"1|1|tcp|127.0.0.1:80", true, "4 fields of 6"},
	} {
		if got := whatIsWrong(c.handshake, own, c.ports); got != c.want && (c.want == "" || !strings.Contains(got, c.want)) {
			t.Errorf("%s, ports %v: %q, want %q", c.handshake, c.ports, got, c.want)
		}
	}
}
