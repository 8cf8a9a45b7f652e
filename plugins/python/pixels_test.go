package python

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

// dial starts a plugin as docs/plugin-protocol.md has it, and connects to it: for
// what a host can send and ours does not yet.
func dial(t testing.TB, python, site, file string) (conn *grpc.ClientConn, process int) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, about, about, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	sockets, err := os.MkdirTemp("", "plumb-test-") // a short path: a socket's has 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(sockets) })

	command := exec.Command(python, file)
	command.Env = append(os.Environ(), "PYTHONPATH="+site, "PYTHONDONTWRITEBYTECODE=1",
		sdk.Handshake().MagicCookieKey+"="+sdk.Handshake().MagicCookieValue, "PLUGIN_UNIX_SOCKET_DIR="+sockets,
		"PLUGIN_CLIENT_CERT="+string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
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
	if len(parts) != 6 {
		t.Fatalf("the handshake is %q", line)
	}
	theirs, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(theirs)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(certificate)
	conn, err = grpc.NewClient("passthrough:///plugin", append(client.DialOptions(),
		grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) { return net.Dial("unix", parts[3]) }),
		grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{
			Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, RootCAs: pool, ServerName: "localhost",
		})))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn, command.Process.Pid
}

// processorTime is what a process and its children have computed, where the system
// tells (Linux): wall time says little on a machine that is shared.
func processorTime(process int) time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", process))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	ticks := 0
	for _, field := range fields[11:13] { // in user and in system mode, in hundredths of a second
		n, _ := strconv.Atoi(field)
		ticks += n
	}
	sum := time.Duration(ticks) * 10 * time.Millisecond
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", process, process))
	for _, child := range strings.Fields(string(children)) {
		n, _ := strconv.Atoi(child)
		sum += processorTime(n)
	}
	return sum
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
	conn, _ := dial(t, python, installed(t, python), "tests/plugins/noop.py")
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

// BenchmarkNoop measures the way of pixels into a reward in Python and back:
//
//	PLUMB_PYTHON=... go test ./plugins/python -run - -bench Noop
func BenchmarkNoop(b *testing.B) {
	python := interpreter(b)
	conn, process := dial(b, python, installed(b, python), "tests/plugins/noop.py")
	instance := openNoop(b, conn)
	for _, size := range []int{32, 224, 512, 1024} {
		smooth := imaging.Image{Width: size, Height: size, RGB: make([]byte, 0, 3*size*size)}
		for y := range size {
			for x := range size {
				smooth.RGB = append(smooth.RGB, byte(x*255/size), byte(y*255/size), byte((x*y)%251&7|x&248))
			}
		}
		png, err := imaging.EncodePNG(smooth)
		if err != nil {
			b.Fatal(err)
		}
		for name, image := range map[string]*pb.Image{
			"rgb": {Encoding: pb.Image_ENCODING_RGB8, Width: uint32(size), Height: uint32(size), Data: smooth.RGB},
			"png": {Encoding: pb.Image_ENCODING_PNG, Data: png},
		} {
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				before := processorTime(process)
				if count, err := scoreAll(b.Context(), conn, instance, image, b.N, func(*pb.Score) {}); err != nil || count != b.N {
					b.Fatalf("scored %d of %d: %v", count, b.N, err)
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
				b.ReportMetric((processorTime(process)-before).Seconds()*1000/float64(b.N), "plugin-ms/image")
			})
		}
	}
}
