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
			"This is a mistake in the plugin; %s. The conformance kit of the SDK, plugintest, finds it.", o.tell()), breach}
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
		p.kill()
		return Died{diag.Errorf(diag.Range{}, p.origin.subject(call)+" stopped answering",
			"There was no sign of life for %v, so its process was killed. It is started anew when it is next needed.%s", silence.After, p.lastWords()), true}
	case errors.As(err, &transport):
		return p.explainTransport(call, transport.Err)
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil && !atDeadline(ctx):
		return diag.Errorf(diag.Range{}, p.origin.subject(call)+" did not answer in time", "The plugin runs, but is busy or stuck.%s", p.lastWords())
	}
	return p.origin.Explain(call, err)
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
	Silent bool // it gave no sign of life, and was killed
}

// Unwrap gives the diagnostics.
func (d Died) Unwrap() error { return d.List }

func (p *process) explainTransport(call client.Call, err error) error {
	who := p.origin.who(call)
	switch status.Code(err) {
	case codes.Unimplemented:
		return diag.Errorf(diag.Range{}, p.origin.subject(call)+" does not understand the call", "Its plugin has no such method (%s). Update the plugin.", status.Convert(err).Message())
	case codes.ResourceExhausted:
		return diag.Errorf(diag.Range{}, "A message to or from "+who+" is too large", "%s. The limit is %d MiB.", status.Convert(err).Message(), sdk.MaxMessageBytes>>20)
	}
	exited := p.child.wait(crashPatience)
	if p.host.isStopped() {
		return fmt.Errorf("call %s: %w", who, ErrStopped)
	}
	if !exited {
		p.kill()
		return Died{diag.Errorf(diag.Range{}, "Lost the connection to "+who,
			"%s. Its process was killed; it is started anew when it is next needed.%s", status.Convert(err).Message(), p.lastWords()), false}
	}
	advice := "It is started anew when it is next needed. If it crashes again, " + p.origin.tell() + "."
	if strings.Contains(p.child.status(), "out of memory") {
		advice = "Smaller batches or images need less memory. " + advice
	}
	return Died{diag.Errorf(diag.Range{}, p.origin.subject(call)+" crashed", "Its process %s. %s%s", p.child.status(), advice, p.lastWords()), false}
}

// lastWords is what the process printed last, as the end of a detail.
func (p *process) lastWords() string {
	lines := p.child.last.String()
	if lines == "" {
		return " It printed nothing."
	}
	return " Its last lines were:\n  " + strings.ReplaceAll(lines, "\n", "\n  ")
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
		if !o.Builtin {
			detail = strings.TrimPrefix(detail+"\nSaid by "+o.who(call)+".", "\n")
		}
		out = append(out, diag.Diagnostic{Severity: severity, Summary: d.Summary, Detail: detail})
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

// whyNotStarted explains a start that failed.
func (p *process) whyNotStarted(entry Entry, path string, err error) error {
	if errors.Is(err, ErrStopped) || p.host.isStopped() {
		return ErrStopped
	}
	if errors.Is(err, goplugin.ErrChecksumsDoNotMatch) {
		return diag.Errorf(diag.Range{}, fmt.Sprintf("Plugin %q is not the one that was pinned", entry.Name), "%s does not have the sha256 %s.", path, entry.SHA256)
	}
	if p.child == nil || !p.child.started() {
		return diag.Errorf(diag.Range{}, fmt.Sprintf("Plugin %q cannot be started", entry.Name), "%v. Was it built for this machine?", err)
	}
	first := p.child.firstLine()
	if version, ok := protocolOf(first); ok && version != sdk.ProtocolVersion {
		update := fmt.Sprintf("Update the plugin: build it against the SDK of this Plumb (%s).", path)
		if version > sdk.ProtocolVersion {
			update = "Update Plumb: the plugin was built against a newer SDK."
		}
		return diag.Errorf(diag.Range{}, fmt.Sprintf("Plugin %q speaks version %d of the plugin protocol, this Plumb speaks version %d", entry.Name, version, sdk.ProtocolVersion), "%s", update)
	}
	what := "It said nothing on standard output."
	if first != "" {
		what = fmt.Sprintf("Its first line was %q.", clip(first, 200))
	}
	if !p.child.wait(killPatience) {
		return diag.Errorf(diag.Range{}, fmt.Sprintf("Plugin %q cannot be started", entry.Name), "%v. %s", err, what)
	}
	if _, ok := protocolOf(first); ok {
		return diag.Errorf(diag.Range{}, fmt.Sprintf("Plugin %q ended while it was being started", entry.Name), "Its process %s.%s", p.child.status(), p.lastWords())
	}
	return diag.Errorf(diag.Range{}, path+" is not a plugin of Plumb",
		"Its process %s before it introduced itself as plugin %q. %s A plugin is a program that calls sdk.Serve.%s", p.child.status(), entry.Name, what, p.lastWords())
}

// protocolOf reads the version out of go-plugin's first line:
// core version | protocol version | network | address | protocol | certificate.
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
