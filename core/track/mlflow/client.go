package mlflow

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/plumb-ml/plumb/core/track"
)

// How much of a request is tried and read.
const (
	tries      = 3
	firstPause = 500 * time.Millisecond
	mostWait   = 20 * time.Second // that a server may ask for between two tries
	mostAnswer = 256 << 20
	callTime   = 2 * time.Minute
)

// client speaks to one server.
type client struct {
	config  Config
	address string // without user and password
	http    *http.Client
	pause   time.Duration // between a try and the next, at first
	answers atomic.Int64  // and parts of files that were taken
}

// answerError is an answer other than success.
type answerError struct {
	Status  int
	Code    string // such as "RESOURCE_DOES_NOT_EXIST"; empty where the answer is none of MLflow's
	Message string
	after   time.Duration // that the server asks to wait
}

func (e *answerError) Error() string {
	text := fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status))
	if e.Message != "" {
		text += ": " + e.Message
	}
	return text
}

// has reports whether an error is an answer with one of some codes of MLflow's.
func has(err error, codes ...string) bool {
	var answer *answerError
	if !errors.As(err, &answer) {
		return false
	}
	for _, code := range codes {
		if answer.Code == code {
			return true
		}
	}
	return false
}

const (
	codeExists  = "RESOURCE_ALREADY_EXISTS"
	codeMissing = "RESOURCE_DOES_NOT_EXIST"
	codeInvalid = "INVALID_PARAMETER_VALUE"
)

// gone reports whether an error says that a run is not there any more, or was deleted.
func gone(err error) bool {
	var answer *answerError
	if has(err, codeMissing) {
		return true
	}
	return errors.As(err, &answer) && answer.Status == http.StatusBadRequest && strings.Contains(answer.Message, "'active' state")
}

// invalid reports whether the server takes something for wrong: sending it again is of
// no use, and something else may be right.
func invalid(err error) bool {
	var answer *answerError
	return errors.As(err, &answer) && (answer.Status == http.StatusBadRequest || answer.Status == http.StatusRequestEntityTooLarge)
}

// get reads from an endpoint.
func (c *client) get(ctx context.Context, endpoint string, query url.Values, into any) error {
	return c.call(ctx, http.MethodGet, "/api/2.0/mlflow/"+endpoint+"?"+query.Encode(), nil, into)
}

// post writes to an endpoint.
func (c *client) post(ctx context.Context, endpoint string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return &track.Refused{Err: fmt.Errorf("write a request to MLflow: %w", err)}
	}
	return c.call(ctx, http.MethodPost, "/api/2.0/mlflow/"+endpoint, text, into)
}

// call has a request answered, tries again where that may help, and reads the answer.
func (c *client) call(ctx context.Context, method, path string, body []byte, into any) error {
	pause := c.pause
	for n := 1; ; n++ {
		err := c.once(ctx, method, path, body, into)
		if err == nil || track.IsRefused(err) || ctx.Err() != nil || n == tries {
			return err
		}
		var answer *answerError
		wait := pause
		if errors.As(err, &answer) {
			if !passing(answer.Status) {
				return err
			}
			wait = max(wait, min(answer.after, mostWait))
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(wait):
		}
		pause *= 2
	}
}

// passing reports whether a status may be another one in a while.
func passing(status int) bool {
	return status == http.StatusRequestTimeout || status == http.StatusTooManyRequests || status >= 500 && status != http.StatusNotImplemented
}

func (c *client) once(ctx context.Context, method, path string, body []byte, into any) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, c.address+path, bytes.NewReader(body))
	if err != nil {
		return &track.Refused{Err: fmt.Errorf("ask MLflow: %w", err)}
	}
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := c.do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, mostAnswer))
	if err != nil {
		return fmt.Errorf("%s breaks off its answer: %w", c.address, plain(err))
	}
	if into == nil {
		into = &struct{}{}
	}
	if err := json.Unmarshal(text, into); err != nil {
		return c.stranger(fmt.Sprintf("answers what is not MLflow's (%s)", said(text)))
	}
	return nil
}

// stranger is the error of an answer that no MLflow server gives.
func (c *client) stranger(what string) error {
	return &track.Refused{Err: fmt.Errorf("%s %s: it is no MLflow server, or its address lacks a part of the path", c.address, what)}
}

// do sends a request and returns the answer if it is a success.
func (c *client) do(request *http.Request) (*http.Response, error) {
	switch {
	case c.config.Username != "" && c.config.Password != "":
		request.SetBasicAuth(c.config.Username, c.config.Password)
	case c.config.Token != "":
		request.Header.Set("Authorization", "Bearer "+c.config.Token)
	}
	if c.config.Workspace != "" {
		request.Header.Set("X-MLFLOW-WORKSPACE", c.config.Workspace)
	}
	request.Header.Set("User-Agent", "plumb")
	response, err := c.http.Do(request)
	if err != nil {
		return nil, c.unreached(err)
	}
	c.answers.Add(1)
	if response.StatusCode >= 200 && response.StatusCode < 300 {
		return response, nil
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	return nil, c.failure(response, text)
}

// failure is the error of an answer that is no success.
func (c *client) failure(response *http.Response, text []byte) error {
	answer := &answerError{Status: response.StatusCode}
	var known struct {
		Code    string `json:"error_code"`
		Message string `json:"message"`
		Detail  any    `json:"detail"`
	}
	isJSON := json.Unmarshal(text, &known) == nil
	answer.Code, answer.Message = known.Code, said([]byte(known.Message))
	if known.Detail != nil && answer.Message == "" {
		answer.Message = said(fmt.Append(nil, known.Detail))
	}
	if !isJSON {
		answer.Message = said(text)
	}
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
		answer.after = time.Duration(min(seconds, 3600)) * time.Second
	}
	switch status := response.StatusCode; {
	case status >= 300 && status < 400:
		to := response.Header.Get("Location")
		if parsed, err := url.Parse(to); err == nil {
			parsed.User, parsed.RawQuery = nil, ""
			to = parsed.String()
		}
		return &track.Refused{Err: fmt.Errorf("%s sends requests on to %s: write that as the address, or sign in where it wants it", c.address, said([]byte(to)))}
	case status == http.StatusUnauthorized:
		return &track.Refused{Err: fmt.Errorf("%s wants another user or password (%w). %s", c.address, answer, c.credentials())}
	case status == http.StatusForbidden && strings.Contains(answer.Message, "Invalid Host header"):
		return &track.Refused{Err: fmt.Errorf("%s does not answer to that name (%w): start it with --allowed-hosts %s, or use an address that it answers to", c.address, answer, response.Request.URL.Host)}
	case status == http.StatusForbidden:
		return &track.Refused{Err: fmt.Errorf("%s does not allow it (%w). %s", c.address, answer, c.credentials())}
	case status == http.StatusNotFound && !isJSON, status == http.StatusMethodNotAllowed:
		return c.stranger(fmt.Sprintf("has no %s (%v)", response.Request.URL.Path, answer))
	case known.Code == "FEATURE_DISABLED":
		return &track.Refused{Err: fmt.Errorf("%s has no workspaces (%w): unset MLFLOW_WORKSPACE", c.address, answer)}
	}
	return answer
}

// credentials says what was sent to prove who asks, without what it is.
func (c *client) credentials() string {
	switch {
	case c.config.Username != "" && c.config.Password != "":
		return "It got the user and password of MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or those of its address"
	case c.config.Token != "":
		return "It got the token of MLFLOW_TRACKING_TOKEN"
	}
	return "It got none: set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
}

// unreached is the error of a request that has no answer.
func (c *client) unreached(err error) error {
	err = plain(err)
	var certificate *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	if errors.As(err, &certificate) || errors.As(err, &authority) {
		return &track.Refused{Err: fmt.Errorf("the certificate of %s is not trusted (%w): MLFLOW_TRACKING_SERVER_CERT_PATH names a file of certificates to trust", c.address, err)}
	}
	return fmt.Errorf("%s does not answer (%w)", c.address, err)
}

// plain takes off the address, which a message has once.
func plain(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}

var (
	invisible = regexp.MustCompile(`(?is)<(script|style)[^>]*>.*?</(script|style)>`)
	tag       = regexp.MustCompile(`<[^>]*>`)
)

// said is what an answer says in a line: of a page, its words.
func said(text []byte) string {
	const most = 200
	words := html.UnescapeString(tag.ReplaceAllString(invisible.ReplaceAllString(strings.ToValidUTF8(string(text), "�"), " "), " "))
	line := []rune(strings.Join(strings.Fields(words), " "))
	if len(line) > most {
		return string(line[:most]) + "…"
	}
	return string(line)
}
