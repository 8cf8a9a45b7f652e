package install

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/html"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/download"
)

// Index asks a package index for wheels. It speaks the simple repository API, in
// JSON (PEP 691) and in HTML (PEP 503), which PyPI and its mirrors have.
//
// go-xla's installer package does not serve here: it asks pypi.org alone, through
// no mirror and by an answer that not all mirrors have, cannot be ended nor go on
// with what came, and draws on standard output.
type Index struct {
	pip  Pip
	http *http.Client

	patience download.Patience // nil but in tests
	stall    time.Duration     // 0 but in tests
}

// NewIndex makes the client of the index that pip is told of. It opens no connection yet.
func NewIndex(pip Pip) (*Index, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone() // proxies are those of the environment
	transport.ResponseHeaderTimeout = 30 * time.Second
	if pip.Cert != "" {
		text, err := os.ReadFile(pip.Cert)
		if err != nil {
			return nil, diag.Errorf(diag.Range{}, "pip's certificates cannot be read", "%v. PIP_CERT, or cert in pip's configuration, names the file.", err)
		}
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		pool.AppendCertsFromPEM(text)
		transport.TLSClientConfig = &tls.Config{RootCAs: pool}
	}
	return &Index{pip: pip, http: &http.Client{Transport: transport}}, nil
}

// listed is a file in an index.
type listed struct {
	Name   string            `json:"filename"`
	URL    string            `json:"url"` // may be relative to the page's
	Hashes map[string]string `json:"hashes"`
}

// mostPage bounds a page of the index, in bytes.
const mostPage = 64 << 20

// address asks where a wheel is.
func (x *Index) address(ctx context.Context, w Wheel) (*url.URL, error) {
	if x.pip.None {
		return nil, diag.Errorf(diag.Range{}, "pip's configuration allows no index", "no-index is set. Give the wheel by --from: %s.", w.File)
	}
	page, err := url.Parse(x.pip.Index + "/" + w.Package + "/")
	if err != nil || page.Host == "" {
		return nil, diag.Errorf(diag.Range{}, "The address of the package index is not usable", "%q is from %s; it must be a URL such as %s.", x.pip.Index, x.pip.From, publicIndex)
	}
	var found *url.URL
	err = x.patience.Do(ctx, func() (bool, error) {
		response, err := x.get(ctx, page, 0, "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1")
		if err != nil {
			return false, err
		}
		defer response.Body.Close()
		text, err := io.ReadAll(io.LimitReader(response.Body, mostPage))
		if err != nil {
			return false, x.unreachable(ctx, page, err)
		}
		files, base, err := parsePage(text, response.Header.Get("Content-Type"), response.Request.URL)
		if err != nil {
			return false, diag.Errorf(diag.Range{}, "What answers is no package index", "%s sent %v. The address is from %s. Something between may answer in its place, such as the page of a proxy that wants a login; a mirror is named by PIP_INDEX_URL.", page.Redacted(), err, x.pip.From)
		}
		for _, file := range files {
			if file.Name != w.File {
				continue
			}
			if digest := file.Hashes["sha256"]; digest != "" && digest != w.SHA256 {
				return false, diag.Errorf(diag.Range{}, "The index lists another file", "%s lists %s with sha256 %s, and the one that plumb takes has %s. Nothing was fetched. Another index is named by PIP_INDEX_URL.", page.Redacted(), w.File, digest, w.SHA256)
			}
			if found, err = base.Parse(file.URL); err != nil {
				return false, diag.Errorf(diag.Range{}, "The index lists an address that is none", "%s, for %s: %v.", page.Redacted(), w.File, err)
			}
			found.Fragment = ""
			if found.User == nil && found.Host == page.Host {
				found.User = page.User
			}
			return false, nil
		}
		return false, diag.Errorf(diag.Range{}, "The index does not have the wheel", "%s lists %d files, and %s is not among them. A mirror may lag behind; another one is named by PIP_INDEX_URL, and a wheel from elsewhere by --from FILE.", page.Redacted(), len(files), w.File)
	})
	return found, err
}

// parsePage reads a page of an index in either form, and the address that those
// in it are relative to.
func parsePage(text []byte, contentType string, page *url.URL) (files []listed, base *url.URL, err error) {
	if strings.Contains(contentType, "json") {
		var answer struct {
			Files []listed `json:"files"`
		}
		if err := json.Unmarshal(text, &answer); err != nil {
			return nil, nil, fmt.Errorf("JSON that cannot be read (%w)", err)
		}
		if answer.Files == nil {
			return nil, nil, errors.New("JSON without a list of files")
		}
		return answer.Files, page, nil
	}
	base = page
	for tokens := html.NewTokenizer(bytes.NewReader(text)); ; {
		switch tokens.Next() {
		case html.ErrorToken:
			if len(files) == 0 {
				return nil, nil, fmt.Errorf("a page without files (%s)", strings.TrimSpace(contentType+" "+excerpt(text)))
			}
			return files, base, nil
		case html.StartTagToken, html.SelfClosingTagToken:
			token := tokens.Token()
			for _, attribute := range token.Attr {
				if attribute.Key != "href" {
					continue
				}
				target, err := base.Parse(attribute.Val)
				switch {
				case err != nil:
				case token.Data == "base":
					base = target
				case token.Data == "a" && (strings.HasSuffix(target.Path, ".whl") || strings.HasSuffix(target.Path, ".tar.gz")):
					file := listed{Name: path.Base(target.Path), URL: attribute.Val}
					if digest, ok := strings.CutPrefix(target.Fragment, "sha256="); ok {
						file.Hashes = map[string]string{"sha256": digest}
					}
					files = append(files, file)
				}
			}
		}
	}
}

// excerpt is the beginning of a text that was not expected.
func excerpt(text []byte) string {
	line := strings.Join(strings.Fields(string(text[:min(len(text), 200)])), " ")
	if len(line) > 60 {
		line = line[:60] + "…"
	}
	return strconv.QuoteToGraphic(line)
}

// get asks for an address; of a file, from an offset on. The caller closes the body.
func (x *Index) get(ctx context.Context, address *url.URL, from int64, accept string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", "plumb")
	request.Header.Set("Accept-Encoding", "identity")
	request.Header.Set("Accept", accept)
	if from > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", from))
	}
	response, err := x.http.Do(request)
	if err != nil {
		return nil, x.unreachable(ctx, address, err)
	}
	switch code := response.StatusCode; {
	case code == http.StatusOK, code == http.StatusPartialContent, code == http.StatusRequestedRangeNotSatisfiable:
		return response, nil
	case code == http.StatusTooManyRequests, code >= 500:
		response.Body.Close()
		seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
		return nil, &download.Temporary{
			Err:   diag.Errorf(diag.Range{}, "The package index does not answer as it should", "%s answered %s. Try again later; what came is kept.", address.Redacted(), response.Status),
			After: time.Duration(max(0, seconds)) * time.Second,
		}
	}
	response.Body.Close()
	return nil, diag.Errorf(diag.Range{}, "The package index does not answer as it should", "%s answered %s. The index is from %s; another one is named by PIP_INDEX_URL, with a name and password in it if it wants some (https://NAME:PASSWORD@...).", address.Redacted(), response.Status, x.pip.From)
}

// unreachable turns an error of the connection into what to do about it.
func (x *Index) unreachable(ctx context.Context, address *url.URL, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // its URL may hold a password
	}
	at := address.Scheme + "://" + address.Host
	if errors.As(err, new(*tls.CertificateVerificationError)) || errors.As(err, new(x509.UnknownAuthorityError)) {
		return diag.Errorf(diag.Range{}, "The certificate of the package index is not trusted", "%s: %v. A proxy may stand between: give its certificate by PIP_CERT or SSL_CERT_FILE.", at, err)
	}
	failure := diag.Errorf(diag.Range{}, "The package index cannot be reached",
		"%s: %v. Check the network and, behind a proxy, HTTPS_PROXY; a mirror is named by PIP_INDEX_URL. What came is kept. For a machine without a network, fetch the wheels on another one (--dry-run prints how), and give them by --from.", at, err)
	var name *net.DNSError
	if errors.As(err, &name) && name.IsNotFound {
		return failure // asking again does not help
	}
	return &download.Temporary{Err: failure}
}
