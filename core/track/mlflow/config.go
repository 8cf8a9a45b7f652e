package mlflow

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/plumb-ml/plumb/core/track"
)

// Config says where a server is and who asks.
type Config struct {
	URI        string // http or https; a user and password in it count as Username and Password
	Experiment string // empty: the run's own name

	Username, Password string // basic authentication, if both are set
	Token              string // bearer authentication, if they are not
	Workspace          string
	InsecureTLS        bool   // the server's certificate is not checked
	ServerCert         string // file of certificates that the server's is checked by
	ClientCert         string // file of a certificate and its key
}

// Environment reads MLflow's variables of the environment by getenv.
func Environment(getenv func(string) string) Config {
	return Config{
		URI: strings.TrimSpace(getenv("MLFLOW_TRACKING_URI")), Experiment: getenv("MLFLOW_EXPERIMENT_NAME"),
		Username: getenv("MLFLOW_TRACKING_USERNAME"), Password: getenv("MLFLOW_TRACKING_PASSWORD"), Token: getenv("MLFLOW_TRACKING_TOKEN"),
		Workspace:   getenv("MLFLOW_WORKSPACE"),
		InsecureTLS: strings.EqualFold(getenv("MLFLOW_TRACKING_INSECURE_TLS"), "true") || getenv("MLFLOW_TRACKING_INSECURE_TLS") == "1",
		ServerCert:  getenv("MLFLOW_TRACKING_SERVER_CERT_PATH"), ClientCert: getenv("MLFLOW_TRACKING_CLIENT_CERT_PATH"),
	}
}

// Address is the URI without user and password: what may be shown and written down.
// Whoever wrote what is no address sees no part of it: it may be a secret in the wrong
// place.
func (c Config) Address() string {
	parsed, err := url.Parse(c.URI)
	if err != nil {
		return ""
	}
	parsed.User = nil
	return strings.TrimRight(parsed.String(), "/")
}

// CheckURI says what is wrong with the address of a server; empty: nothing.
func CheckURI(uri string) string {
	parsed, err := url.Parse(uri)
	switch {
	case err != nil:
		return "it is no address. Write one such as http://127.0.0.1:5000"
	case parsed.Scheme != "http" && parsed.Scheme != "https":
		return "it does not begin with http:// or https://. Runs are sent to a server: start one, such as `mlflow server --port 5000`, and write its address, such as http://127.0.0.1:5000"
	case parsed.Hostname() == "":
		return "it names no host. Write an address such as http://127.0.0.1:5000"
	case parsed.RawQuery != "" || strings.Contains(parsed.Fragment, "?"):
		return "it has a query. Write the address of the server alone, such as http://127.0.0.1:5000"
	}
	return ""
}

// transport is how requests travel.
func (c Config) transport() (*http.Transport, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	transport.TLSHandshakeTimeout = 10 * time.Second
	transport.ResponseHeaderTimeout = time.Minute
	transport.DisableCompression = false
	settings := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: c.InsecureTLS}
	if c.ServerCert != "" {
		pem, err := os.ReadFile(c.ServerCert)
		if err != nil {
			return nil, fmt.Errorf("read MLFLOW_TRACKING_SERVER_CERT_PATH: %w", err)
		}
		settings.RootCAs = x509.NewCertPool()
		if !settings.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("MLFLOW_TRACKING_SERVER_CERT_PATH: %s holds no certificate in PEM", c.ServerCert)
		}
	}
	if c.ClientCert != "" {
		pair, err := tls.LoadX509KeyPair(c.ClientCert, c.ClientCert)
		if err != nil {
			return nil, fmt.Errorf("read MLFLOW_TRACKING_CLIENT_CERT_PATH, a file of a certificate and its key: %w", err)
		}
		settings.Certificates = []tls.Certificate{pair}
	}
	transport.TLSClientConfig = settings
	return transport, nil
}

// Open returns the tracker of a server, to which it does not speak yet. state is how far
// the run's tracking came there; it is kept up to date.
func Open(config Config, state *track.State) (*Tracker, error) {
	if wrong := CheckURI(config.URI); wrong != "" {
		return nil, &track.Refused{Err: fmt.Errorf("MLflow's address cannot be used: %s", wrong)}
	}
	parsed, err := url.Parse(config.URI)
	if err != nil {
		return nil, &track.Refused{Err: errors.New("MLflow's address cannot be used")}
	}
	if user := parsed.User; user != nil {
		config.Username = user.Username()
		config.Password, _ = user.Password()
		parsed.User = nil
	}
	transport, err := config.transport()
	if err != nil {
		return nil, &track.Refused{Err: err}
	}
	address := strings.TrimRight(parsed.String(), "/")
	config.URI = address
	return &Tracker{
		client: &client{config: config, address: address, pause: firstPause, http: &http.Client{
			Transport: transport,
			// A redirect would turn a write into a read, or carry it to a host that
			// nobody named.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}},
		state:   state,
		remotes: map[string]*remote{},
		grid:    map[string]bool{},
	}, nil
}
