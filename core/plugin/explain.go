package plugin

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
)

// crashPatience is how long after a broken connection its process may take to
// show that it has died.
const crashPatience = 2 * time.Second

// Origin is the plugin that a call's error comes from.
type Origin struct {
	Plugin  string // as the experiment calls it
	Builtin bool   // its components are Plumb's own
}

// who names whom a call asked.
func (o Origin) who(call client.Call) string {
	switch {
	case call.Kind == "":
		return fmt.Sprintf("plugin %q", o.Plugin)
	case o.Builtin:
		return fmt.Sprintf("%s %q", call.Kind, call.Name)
	}
	return fmt.Sprintf("%s %q of plugin %q", call.Kind, call.Name, o.Plugin)
}

// subject is who as the beginning of a sentence.
func (o Origin) subject(call client.Call) string {
	who := o.who(call)
	first, size := utf8.DecodeRuneInString(who)
	return string(unicode.ToUpper(first)) + who[size:]
}

// tell asks the user to pass on a mistake that only others can mend.
func (o Origin) tell() string {
	if o.Builtin {
		return "please report it to Plumb's authors"
	}
	return "tell the plugin's author"
}

// Explain turns what a component said or answered into diagnostics. The
// answer's *client.NotFinite and the like are still in the error, for callers
// who know more. All other errors pass as they are.
func (o Origin) Explain(call client.Call, err error) error {
	var (
		failure   *client.Failure
		notFinite *client.NotFinite
		breach    client.Breach
	)
	switch {
	case errors.As(err, &failure):
		return o.fromComponent(call, failure.Diagnostics)
	case errors.As(err, &notFinite):
		return explained{diag.Errorf(diag.Range{}, o.subject(call)+" "+notFinite.Predicate(),
			"Only finite numbers count. NaN and infinities come of a training that has diverged, of damaged weights, or of numbers too large for the precision of the computation."), notFinite}
	case errors.As(err, &breach):
		return explained{diag.Errorf(diag.Range{}, o.subject(call)+" "+breach.Predicate(),
			"This is a mistake in the plugin; %s. plumb plugin check finds it.", o.tell()), breach}
	}
	return err
}

// explained is diagnostics together with the error that they are about.
type explained struct {
	diag.List
	cause error
}

func (e explained) Unwrap() []error { return []error{e.List, e.cause} }

// explain turns what went wrong in a call into diagnostics. Errors that are
// not the plugin's, such as the context's and those of the caller's own
// functions, pass as they are.
func (p *process) explain(ctx context.Context, call client.Call, err error) error {
	var (
		silence   *client.Silence
		transport *client.Transport
	)
	switch {
	case call.Method == "Close" && p.child.exited():
		return nil // an instance ends with its process
	case p.host.isStopped() && ctx.Err() == nil:
		return fmt.Errorf("call %s: %w", p.origin.who(call), ErrStopped) // whatever broke, that is why
	case errors.As(err, &silence):
		return p.explainSilence(call, silence)
	case errors.As(err, &transport):
		return p.explainTransport(ctx, call, transport.Err)
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil && !atDeadline(ctx):
		return diag.Errorf(diag.Range{}, p.origin.subject(call)+" did not answer in time", "The plugin runs, but is busy or stuck.%s", p.lastWords())
	}
	return p.origin.Explain(call, err)
}

// explainSilence ends a process that gave no sign of life during a call.
func (p *process) explainSilence(call client.Call, silence *client.Silence) error {
	p.mu.Lock()
	if p.silent == "" {
		p.silent = p.origin.who(call)
	}
	p.mu.Unlock()
	p.kill()
	advice := "It is started anew when it is next needed."
	if !p.origin.Builtin {
		advice = "If it needs more time, say so in its block: silence = \"10m\"."
	}
	lacked := "no sign of life"
	if silence.Alive {
		lacked = "a sign of life every few seconds, and no answer"
		advice = "If an answer may take longer, say so in its block: patience = \"2h\"."
	}
	list := diag.Errorf(diag.Range{}, p.origin.subject(call)+" stopped answering",
		"There was %s for %v, so its process was killed. %s%s", lacked, silence.After, advice, p.lastWords())
	if p.origin.Builtin {
		return Died{List: list, Again: true} // a machine that had something else to do looks the same
	}
	p.host.hangs(p.entry.Name, call, list)
	return Died{List: list, Blamed: true}
}

// killedFor names whom the process was killed for, having given no sign of life.
func (p *process) killedFor() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.silent
}

// atDeadline reports whether the caller's own deadline is here, though the context may
// not know it yet: gRPC's clock is sometimes a little faster.
func atDeadline(ctx context.Context) bool {
	deadline, has := ctx.Deadline()
	return has && time.Until(deadline) < time.Second
}

// Died is the failure of a call whose plugin's process is gone. Every call that
// the process was busy with fails so, whichever of them ended it.
type Died struct {
	diag.List
	Blamed bool // this call is known to have ended it
	Again  bool // it is worth trying again, even if nothing else used the process
}

// Unwrap gives the diagnostics.
func (d Died) Unwrap() error { return d.List }

func (p *process) explainTransport(ctx context.Context, call client.Call, err error) error {
	who := p.origin.who(call)
	switch status.Code(err) {
	case codes.Unimplemented:
		return diag.Errorf(diag.Range{}, p.origin.subject(call)+" does not understand the call", "Its plugin has no such method (%s). Update the plugin.", status.Convert(err).Message())
	case codes.ResourceExhausted:
		return diag.Errorf(diag.Range{}, "A message to or from "+who+" is too large", "%s. Images may have %d MiB, and all else 16.", status.Convert(err).Message(), sdk.MaxMessageBytes>>20)
	case codes.Unavailable, codes.Internal: // what gRPC itself says of a connection
	default:
		if !p.child.exited() {
			return diag.Errorf(diag.Range{}, p.origin.subject(call)+" broke off the call", "%s (%s, and no diagnostics). %s.%s",
				strings.TrimSuffix(status.Convert(err).Message(), "."), status.Code(err), "If that is no help, "+p.origin.tell(), p.lastWords())
		}
	}
	exited := p.child.wait(crashPatience)
	if p.host.isStopped() {
		return fmt.Errorf("call %s: %w", who, ErrStopped)
	}
	if silent := p.killedFor(); silent != "" && silent != who {
		return Died{List: diag.Errorf(diag.Range{}, p.origin.subject(call)+" ended with its process",
			"The process was killed because %s stopped answering. It is started anew when it is next needed.%s", silent, p.lastWords()), Again: true}
	}
	if !exited {
		cause := strings.TrimSuffix(status.Convert(err).Message(), ".")
		if network, address := p.child.address(); !overPorts && call.Method == "Describe" && speaksTLS(ctx, network, address) {
			cause = "it speaks TLS there, and Plumb does not, through a socket that no other user can reach; serve without TLS"
		}
		p.kill()
		if call.Method == "Describe" { // the first call
			return Died{List: diag.Errorf(diag.Range{}, "No connection to "+who,
				"It runs, and cannot be spoken to where it says that it listens: %s. Its process was killed.%s", cause, p.lastWords())}
		}
		return Died{List: diag.Errorf(diag.Range{}, "Lost the connection to "+who,
			"%s. Its process was killed; it is started anew when it is next needed.%s", status.Convert(err).Message(), p.lastWords())}
	}
	advice := "It is started anew when it is next needed. If it crashes again, " + p.origin.tell() + "."
	if strings.Contains(p.child.status(), "out of memory") {
		advice = "Smaller batches or images need less memory. " + advice
	}
	return Died{List: diag.Errorf(diag.Range{}, p.origin.subject(call)+" crashed", "Its process %s. %s%s", p.child.status(), advice, p.lastWords())}
}

// lastWords is what the process printed last, as the end of a detail.
func (p *process) lastWords() string {
	lines := p.child.last.String()
	if lines == "" {
		return " It printed nothing."
	}
	words := " Its last lines were:\n  " + strings.ReplaceAll(lines, "\n", "\n  ")
	if kept := p.host.logs.of(p.child.last.plugin); kept != "" {
		words += "\nAll that it printed is in " + kept + "."
	}
	return words
}

// fromComponent is what a component says of its own failure. A third party's
// words say whose they are.
func (o Origin) fromComponent(call client.Call, diagnostics sdk.Diagnostics) error {
	var out diag.List
	for _, d := range diagnostics {
		severity := diag.Error
		if d.Severity == sdk.SeverityWarning {
			severity = diag.Warning
		}
		detail := d.Detail
		summary, further, _ := strings.Cut(strings.TrimSpace(d.Summary), "\n") // a title is a line
		if further = strings.TrimSpace(further); further != "" {
			detail = strings.TrimSpace(further + "\n" + detail)
		}
		if !o.Builtin {
			detail = strings.TrimPrefix(detail+"\nSaid by "+o.who(call)+".", "\n")
		}
		out = append(out, diag.Diagnostic{Severity: severity, Summary: summary, Detail: detail})
	}
	if !out.HasErrors() {
		out.Errorf(diag.Range{}, o.subject(call)+" failed with nothing but warnings", "")
	}
	for _, d := range out {
		if diskFull.MatchString(d.Summary + "\n" + d.Detail) {
			return DiskFull{out}
		}
	}
	return out
}

// DiskFull is a component's failure for want of space on a disk.
type DiskFull struct{ diag.List }

// Unwrap gives the diagnostics.
func (d DiskFull) Unwrap() error { return d.List }

// diskFull matches what systems call a full disk, whatever the language of the plugin.
var diskFull = regexp.MustCompile(`(?i)no space left on device|disk quota exceeded|not enough space on the disk`)

// hungStart is a start in which the plugin gave no sign of life.
type hungStart struct{ diag.List }

// Unwrap gives the diagnostics.
func (h hungStart) Unwrap() error { return h.List }

// whyNotStarted explains a start that failed, or that came too late.
func (p *process) whyNotStarted(err error, late bool) error {
	if errors.Is(err, ErrStopped) || p.host.isStopped() {
		return ErrStopped
	}
	who, at := fmt.Sprintf("Plugin %q", p.origin.Plugin), p.entry.Range
	if list := diag.List(nil); errors.As(err, &list) {
		return list
	}
	if p.child == nil || !p.child.started() {
		return diag.Errorf(at, who+" cannot be started", "%v. Was it built for this machine?", err)
	}
	first, wrong := p.child.introduction()
	if version, ok := protocolOf(first); ok && version != sdk.ProtocolVersion {
		update := fmt.Sprintf("Update the plugin: build it against the SDK of this Plumb (%s).", p.shown)
		if version > sdk.ProtocolVersion {
			update = "Update Plumb: the plugin was built against a newer SDK."
		}
		return diag.Errorf(at, fmt.Sprintf("%s speaks version %d of the plugin protocol, this Plumb speaks version %d", who, version, sdk.ProtocolVersion), "%s", update)
	}
	if first != "" {
		if wrong != "" {
			return diag.Errorf(at, who+" introduces itself in a way that is not understood", "Of its line %q: %s. docs/plugin-protocol.md has the handshake.%s", clip(first, 80), wrong, p.lastWords())
		}
		if late {
			network, address := p.child.address()
			return hungStart{diag.Errorf(at, who+" does not answer where it says that it listens",
				"%s introduced itself, and nobody speaks gRPC there, at %s %s, within %v, so it was killed.%s", p.shown, network, address, p.patience, p.lastWords())}
		}
	}
	if late {
		return hungStart{diag.Errorf(at, who+" did not introduce itself",
			"%s was started and said nothing of a plugin for %v, so it was killed. If it needs more time, such as for its imports, say so in its block: silence = \"5m\".%s", p.shown, p.patience, p.lastWords())}
	}
	if !p.child.wait(killPatience) {
		return diag.Errorf(at, who+" cannot be started", "%v.%s", err, p.lastWords())
	}
	switch {
	case first != "":
		return diag.Errorf(at, who+" ended while it was being started", "Its process %s.%s", p.child.status(), p.lastWords())
	case strings.HasSuffix(p.child.status(), " 0"):
		return diag.Errorf(at, who+" is not a plugin of Plumb",
			"%s ended without an error before it introduced itself. A plugin is a program that calls sdk.Serve, or in Python plumb_plugin.main.%s", p.shown, p.lastWords())
	}
	way := ""
	if p.fetch != "" {
		way = " A locked plugin downloads nothing. If its packages are not in uv's cache any more, this fetches them again: " + p.fetch + "."
	}
	return diag.Errorf(at, who+" ended before it introduced itself", "The process of %s %s.%s%s", p.shown, p.child.status(), way, p.lastWords())
}

// protocolOf reads the version out of go-plugin's first line:
// core version | protocol version | network | address | protocol.
func protocolOf(line string) (int, bool) {
	parts := strings.Split(line, "|")
	if len(parts) < 5 || parts[0] != strconv.Itoa(goplugin.CoreProtocolVersion) {
		return 0, false
	}
	version, err := strconv.Atoi(parts[1])
	return version, err == nil
}

func clip(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return text[:limit] + "..."
}
