package python

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

// dial starts a plugin as docs/plugin-protocol.md has it, and connects to it: for
// what a host can send and ours does not yet.
func dial(t testing.TB, python, site, file string) *grpc.ClientConn {
	t.Helper()
	sockets, err := os.MkdirTemp("", "plumb-test-") // a short path: a socket's has 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(sockets) })

	command := exec.Command(python, file)
	command.Env = append(os.Environ(), "PYTHONPATH="+site, "PYTHONDONTWRITEBYTECODE=1",
		sdk.Handshake().MagicCookieKey+"="+sdk.Handshake().MagicCookieValue, "PLUGIN_UNIX_SOCKET_DIR="+sockets)
	command.Stderr = testLog{t}
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		command.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(strings.TrimSpace(line), "|")
	if len(parts) != 5 {
		t.Fatalf("the handshake is %q", line)
	}
	conn, err := grpc.NewClient("passthrough:///plugin", append(client.DialOptions(),
		grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) { return net.Dial("unix", parts[3]) }),
		grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// scoreAll sends an image again and again, and returns how many came back.
func scoreAll(ctx context.Context, conn *grpc.ClientConn, instance string, image *pb.Image, count int, each func(*pb.Score)) (int, error) {
	stream, err := pb.NewRewardClient(conn).Score(ctx)
	if err != nil {
		return 0, err
	}
	sent := make(chan error, 1)
	go func() {
		err := stream.Send(&pb.ScoreRequest{Body: &pb.ScoreRequest_Instance{Instance: instance}})
		for i := 0; i < count && err == nil; i++ {
			err = stream.Send(&pb.ScoreRequest{Body: &pb.ScoreRequest_Item{Item: &pb.Item{Position: uint64(i), Id: fmt.Sprint(i), Image: image}}})
		}
		sent <- errors.Join(err, stream.CloseSend())
	}()
	scored := 0
	for {
		answer, err := stream.Recv()
		if err == io.EOF {
			return scored, <-sent
		}
		if err != nil {
			return scored, err
		}
		if failure := answer.GetSignal().GetFailure(); failure != nil {
			return scored, fmt.Errorf("%v", failure.GetDiagnostics())
		}
		if answer.GetScore() != nil {
			scored++
			each(answer.GetScore())
		}
	}
}

func openNoop(t testing.TB, conn *grpc.ClientConn) string {
	t.Helper()
	stream, err := pb.NewPluginClient(conn).Open(t.Context(), &pb.OpenRequest{Kind: "reward", Component: "noop"})
	if err != nil {
		t.Fatal(err)
	}
	instance := ""
	for {
		answer, err := stream.Recv()
		if err == io.EOF {
			return instance
		}
		if err != nil {
			t.Fatal(err)
		}
		instance += answer.GetInstance()
	}
}

func TestRawPixels(t *testing.T) {
	python := interpreter(t)
	readable(t, "tests/plugins/noop.py")
	conn := dial(t, python, installed(t, python), "tests/plugins/noop.py")
	image := &pb.Image{Encoding: pb.Image_ENCODING_RGB8, Width: 2, Height: 1, Data: []byte{7, 0, 0, 0, 0, 0}}
	count, err := scoreAll(t.Context(), conn, openNoop(t, conn), image, 100, func(score *pb.Score) {
		if score.GetScore() != 7 {
			t.Errorf("item %d has the score %v, want 7", score.GetPosition(), score.GetScore())
		}
	})
	if err != nil || count != 100 {
		t.Errorf("scored %d of 100: %v", count, err)
	}
}
