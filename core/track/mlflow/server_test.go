package mlflow

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// server is a real server of MLflow on loopback.
type server struct {
	t       *testing.T
	dir     string
	options serverOptions
	command *exec.Cmd
	URL     string
}

type serverOptions struct {
	password  string // of the user admin; empty: none
	cert, key string // for https
	port      string // empty: a free one
}

// startingTime is how long a server may take: it makes a database first, and the machine
// may be busy.
const startingTime = 6 * time.Minute

// python is an interpreter that has the packages of testdata/requirements.txt. The test
// is skipped without one.
func python(t *testing.T) string {
	t.Helper()
	interpreter := os.Getenv("PLUMB_MLFLOW")
	if interpreter == "" {
		t.Skip("PLUMB_MLFLOW names no Python with the packages of testdata/requirements.txt; .ci/run makes one")
	}
	return interpreter
}

// gunicorn reports whether the server is of MLflow 2, which stands on it.
func gunicorn(t *testing.T, interpreter string) bool {
	t.Helper()
	version, err := exec.Command(interpreter, "-c", "from importlib.metadata import version; print(version('mlflow'))").Output()
	if err != nil {
		t.Fatalf("which version of MLflow %s has: %v", interpreter, err)
	}
	t.Logf("MLflow %s", version)
	return strings.HasPrefix(string(version), "2.")
}

// startServer starts a server that keeps its data in dir, and ends it with the test.
func startServer(t *testing.T, dir string, options serverOptions) *server {
	t.Helper()
	interpreter := python(t)
	s := &server{t: t, dir: dir, options: options}
	below, extra, scheme := "--uvicorn-opts", "--no-access-log", "http"
	cert, key := " --ssl-certfile ", " --ssl-keyfile "
	two := gunicorn(t, interpreter)
	if two {
		below, extra = "--gunicorn-opts", "--log-level info"
		cert, key = " --certfile ", " --keyfile "
	}
	if options.cert != "" {
		extra, scheme = extra+cert+options.cert+key+options.key, "https"
	}
	port := options.port
	if port == "" {
		port = "0" // the log says which
	}
	arguments := []string{"-m", "mlflow", "server", "--backend-store-uri", "sqlite:///" + filepath.Join(dir, "runs.db"),
		"--serve-artifacts", "--artifacts-destination", filepath.Join(dir, "artifacts"), "--host", "127.0.0.1", "--port", port, "--workers", "1", below, extra}
	// Nothing of this environment's own decides, and no proxy stands between.
	environment := slices.DeleteFunc(os.Environ(), func(setting string) bool {
		return regexp.MustCompile(`(?i)^(mlflow_|https?_proxy=|all_proxy=)`).MatchString(setting)
	})
	environment = append(environment, "MLFLOW_DISABLE_TELEMETRY=true", "DO_NOT_TRACK=true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false", "PYTHONWARNINGS=ignore")
	if options.password != "" {
		settings := filepath.Join(dir, "auth.ini")
		text := "[mlflow]\ndefault_permission = READ\ndatabase_uri = sqlite:///" + filepath.Join(dir, "users.db") +
			"\nadmin_username = admin\nauthorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
		if two { // which does not ask the environment
			text += "admin_password = " + options.password + "\n"
		}
		if err := os.WriteFile(settings, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		arguments = append(arguments, "--app-name", "basic-auth")
		environment = append(environment, "MLFLOW_AUTH_CONFIG_PATH="+settings, "MLFLOW_AUTH_ADMIN_PASSWORD="+options.password, "MLFLOW_FLASK_SERVER_SECRET_KEY=of-the-tests")
	}
	log, err := os.Create(filepath.Join(dir, "server.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	s.command = exec.Command(interpreter, arguments...)
	s.command.Dir, s.command.Env, s.command.Stdout, s.command.Stderr = dir, environment, log, log
	s.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // it has processes of its own
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.kill)
	running := regexp.MustCompile(`(?:running on|Listening at:) https?://127\.0\.0\.1:(\d+)`)
	for began := time.Now(); time.Since(began) < startingTime; time.Sleep(200 * time.Millisecond) {
		text, err := os.ReadFile(log.Name())
		if err != nil {
			t.Fatal(err)
		}
		if match := running.FindSubmatch(text); match != nil {
			s.URL = scheme + "://127.0.0.1:" + string(match[1])
			s.options.port = string(match[1])
			return s
		}
		if syscall.Kill(s.command.Process.Pid, 0) != nil {
			break
		}
	}
	text, _ := os.ReadFile(log.Name())
	t.Fatalf("the server did not start:\n%s", text[max(0, len(text)-3000):])
	return nil
}

// kill ends the server and all of its processes, at once.
func (s *server) kill() {
	if s.command == nil {
		return
	}
	syscall.Kill(-s.command.Process.Pid, syscall.SIGKILL)
	s.command.Wait()
	s.command = nil
}

// certificate writes a certificate of 127.0.0.1 that nobody has signed.
func certificate(t *testing.T, dir string) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "EC PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}
