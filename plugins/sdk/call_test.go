package sdk

import (
	"context"
	"sync"
	"testing"
	"time"

	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

// TestHeartbeatsSayWhatKeepsACall: each asks the plugin anew.
func TestHeartbeatsSayWhatKeepsACall(t *testing.T) {
	texts := make(chan string, 1)
	calls := newInstances(Plugin{Busy: func() string { return "compiling a program" }})
	err := calls.serveCall(t.Context(), func(s *pb.Signal) error {
		if s.GetHeartbeat() != nil {
			select {
			case texts <- s.GetHeartbeat().GetBusy():
			default:
			}
		}
		return nil
	}, func(ctx context.Context, _ sync.Locker) error {
		select {
		case text := <-texts:
			if text != "compiling a program" {
				t.Errorf("a heartbeat says %q", text)
			}
		case <-time.After(5 * heartbeatInterval):
			t.Error("no heartbeat comes")
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
