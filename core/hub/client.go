package hub

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/download"
)

// Client asks the hub. Whoever makes one has been told to by the user.
type Client struct {
	Config
	Cache Cache
	// Progress, if not nil, is called while a file comes.
	Progress func(download.Progress)

	// patience after failures, and how long a connection may say nothing. For tests.
	patience download.Patience
	stall    time.Duration
	http     *http.Client
}

// NewClient makes a client. It opens no connection yet.
func NewClient(config Config, cache Cache) *Client {
	transport := http.DefaultTransport.(*http.Transport).Clone() // proxies are those of the environment
	transport.ResponseHeaderTimeout = 30 * time.Second
	return &Client{
		Config: config,
		Cache:  cache,
		stall:  30 * time.Second,
		http: &http.Client{
			Transport: transport,
			CheckRedirect: func(request *http.Request, via []*http.Request) error {
				if len(via) >= 10 {
					return errors.New("the hub redirects in a circle")
				}
				// Files lie with others: they must not see the token, and
				// refuse requests that carry one.
				if request.URL.Host != via[0].URL.Host {
					request.Header.Del("Authorization")
				}
				return nil
			},
		},
	}
}

// get asks for a URL; of a file, from an offset on. The caller closes the body.
func (c *Client) get(ctx context.Context, address string, r Ref, from int64) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, diag.Errorf(diag.Range{}, "The hub's address is not usable", "%s: %v. HF_ENDPOINT must be a URL such as %s.", c.Endpoint, err, defaultEndpoint)
	}
	request.Header.Set("User-Agent", "plumb")
	request.Header.Set("Accept-Encoding", "identity")
	if c.Token != "" {
		request.Header.Set("Authorization", "Bearer "+c.Token)
	}
	if from > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", from))
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, c.unreachable(ctx, err)
	}
	switch response.StatusCode {
	case http.StatusOK, http.StatusPartialContent, http.StatusRequestedRangeNotSatisfiable:
		return response, nil
	}
	defer response.Body.Close()
	return nil, c.refusal(response, r)
}

// unreachable turns an error of the connection into what to do about it.
func (c *Client) unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // its URL may be signed
	}
	if errors.As(err, new(*tls.CertificateVerificationError)) || errors.As(err, new(x509.UnknownAuthorityError)) {
		return diag.Errorf(diag.Range{}, "The hub's certificate is not trusted", "%s: %v. A proxy may stand between: give its certificate by SSL_CERT_FILE.", c.Endpoint, err)
	}
	detail := fmt.Sprintf("%s: %v. Check the network and, behind a proxy, HTTPS_PROXY; a mirror is named by HF_ENDPOINT. What came is kept. On a machine without a network, bring the cache %s from one with it, or a directory that weights names.", c.Endpoint, err, c.Cache.Dir)
	failure := diag.Errorf(diag.Range{}, "The hub cannot be reached", "%s", detail)
	var name *net.DNSError
	if errors.As(err, &name) && name.IsNotFound {
		return failure // asking again does not help
	}
	return &download.Temporary{Err: failure}
}

// refusal turns an unsuccessful answer into what to do about it.
func (c *Client) refusal(response *http.Response, r Ref) error {
	code, said := response.Header.Get("X-Error-Code"), response.Header.Get("X-Error-Message")
	if said == "" {
		body, _ := io.ReadAll(io.LimitReader(response.Body, 300))
		if text := string(body); !strings.HasPrefix(strings.TrimSpace(text), "<") {
			said = text
		}
	}
	said = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, said))
	status := fmt.Sprintf("%s answered %s", c.Endpoint, response.Status)
	if said != "" {
		status += fmt.Sprintf(": %q", said)
	}
	status += "."
	page := c.Endpoint + "/" + r.Repository()
	login := "Give a token that may read it: HF_TOKEN, or `hf auth login`."
	if c.Token != "" {
		login = fmt.Sprintf("The token is from %s: is it of the right account, and may it read this?", c.TokenOf)
	}
	switch {
	case code == "GatedRepo":
		return diag.Errorf(diag.Range{}, "The model is gated", "%s Accept its conditions on %s, signed in. %s", status, page, login)
	case response.StatusCode == http.StatusUnauthorized && strings.Contains(said, "Invalid credentials"):
		return diag.Errorf(diag.Range{}, "The hub does not take the token", "%s It is from %s. Make a new one on %s/settings/tokens, or go without one for a public model.", status, c.TokenOf, c.Endpoint)
	case said == "Access to this resource is disabled.":
		return diag.Errorf(diag.Range{}, "The hub has disabled the model", "%s Choose another one.", status)
	case code == "RevisionNotFound":
		return diag.Errorf(diag.Range{}, "No such revision", "%s %s has no branch, tag or commit %q; they are listed on %s/commits/main.", status, r.Repository(), r.Revision, page)
	case code == "EntryNotFound":
		return diag.Errorf(diag.Range{}, "A file is not on the hub", "%s It is listed for this revision of %s, and cannot be had. Try again, or take another revision.", status, r.Repository())
	case code == "RepoNotFound", response.StatusCode == http.StatusUnauthorized, response.StatusCode == http.StatusNotFound:
		return diag.Errorf(diag.Range{}, "No such model on the hub", "%s There is no %s, or it is private. %s", status, r.Repository(), login)
	case response.StatusCode == http.StatusForbidden:
		return diag.Errorf(diag.Range{}, "The hub does not allow it", "%s %s", status, login)
	case response.StatusCode == http.StatusTooManyRequests, response.StatusCode >= 500:
		seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
		return &download.Temporary{
			Err:   diag.Errorf(diag.Range{}, "The hub does not answer as it should", "%s Try again later; what came is kept.", status),
			After: time.Duration(max(0, seconds)) * time.Second,
		}
	}
	return diag.Errorf(diag.Range{}, "The hub does not answer as it should", "%s Is HF_ENDPOINT right?", status)
}

// Manifest asks what a repository holds at a revision.
func (c *Client) Manifest(ctx context.Context, r Ref) (*Manifest, error) {
	if c.Offline {
		return nil, diag.Errorf(diag.Range{}, "No connection may be opened", "HF_HUB_OFFLINE is set. Unset it to ask the hub for %s.", r)
	}
	address := fmt.Sprintf("%s/api/models/%s/revision/%s?blobs=true", c.Endpoint, r.Repository(), url.PathEscape(r.Revision))
	var manifest *Manifest
	err := c.patience.Do(ctx, func() (bool, error) {
		response, err := c.get(ctx, address, r, 0)
		if err != nil {
			return false, err
		}
		defer response.Body.Close()
		text, err := io.ReadAll(io.LimitReader(response.Body, mostJSON+1))
		if err != nil {
			return false, c.unreachable(ctx, err)
		}
		if len(text) > mostJSON {
			err = fmt.Errorf("the list is larger than %s", size(mostJSON))
		} else {
			manifest, err = parseListing(text, r.Revision)
		}
		if err == nil && r.Pinned() && manifest.Commit != r.Revision {
			err = fmt.Errorf("it is of commit %s", manifest.Commit)
		}
		if err != nil {
			return false, diag.Errorf(diag.Range{}, "The hub's list of files cannot be used", "%s, of %s: %v. Is HF_ENDPOINT right?", c.Endpoint, r, err)
		}
		return false, nil
	})
	return manifest, err
}
