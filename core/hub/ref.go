package hub

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// Scheme begins the name of a repository in an experiment.
const Scheme = "hf://"

// main is the branch that is meant if no revision is given.
const main = "main"

// Ref names a model on the hub, as huggingface_hub's file system spells it, with
// the variant of weights where there are several:
//
//	hf://OWNER/NAME[@REVISION][?variant=VARIANT]
type Ref struct {
	Owner, Name string
	Revision    string // a branch, a tag, refs/pr/N or a commit
	Variant     string // such as fp16; empty: the weights without one
}

// Is reports whether a value of an experiment names a repository.
func Is(value string) bool { return strings.HasPrefix(value, Scheme) }

var (
	// names of owners and repositories, as the hub allows them.
	part = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,95}$`)
	// Plain is what may be the ID of a repository without the scheme.
	plain    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*$`)
	revision = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/+-]{0,250}$`)
	variant  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$`)
	commit   = regexp.MustCompile(`^[0-9a-f]{40}$`)
)

// LikeID reports whether a value looks like a repository's ID, "owner/name".
func LikeID(value string) bool { return plain.MatchString(value) }

// Parse reads a name. The error is a sentence for the user.
func Parse(value string) (Ref, error) {
	rest, ok := strings.CutPrefix(value, Scheme)
	if !ok {
		return Ref{}, fmt.Errorf("%q does not begin with %s", value, Scheme)
	}
	r := Ref{Revision: main}
	rest, query, asked := strings.Cut(rest, "?")
	if asked {
		name, value, _ := strings.Cut(query, "=")
		if name != "variant" || !variant.MatchString(value) {
			return Ref{}, fmt.Errorf("after the question mark stands which weights are meant, as in ?variant=fp16, and not %q", query)
		}
		r.Variant = value
	}
	id, at, pinned := strings.Cut(rest, "@")
	if pinned {
		unescaped, err := url.PathUnescape(at)
		if err != nil || !revision.MatchString(unescaped) || unsafe(unescaped) {
			return Ref{}, fmt.Errorf("%q is not a revision: write a branch, a tag, refs/pr/1 or a commit behind the @", at)
		}
		r.Revision = unescaped
	}
	parts := strings.Split(id, "/")
	switch {
	case parts[0] == "datasets" || parts[0] == "spaces" || parts[0] == "buckets":
		return Ref{}, fmt.Errorf("%s are not read from the hub, only models are", parts[0])
	case len(parts) == 1:
		return Ref{}, fmt.Errorf("a model has an owner: write %sOWNER/%s", Scheme, parts[0])
	case len(parts) > 2:
		return Ref{}, fmt.Errorf("a whole repository is named, not a place in it: write %s%s/%s", Scheme, parts[0], parts[1])
	}
	for _, name := range parts {
		if !part.MatchString(name) || strings.Contains(name, "--") || strings.Contains(name, "..") {
			return Ref{}, fmt.Errorf("%q is not a name on the hub", name)
		}
	}
	r.Owner, r.Name = parts[0], parts[1]
	return r, nil
}

// Repository is the ID on the hub.
func (r Ref) Repository() string { return r.Owner + "/" + r.Name }

// String spells the name with its revision.
func (r Ref) String() string {
	text := Scheme + r.Repository() + "@" + r.Revision
	if r.Variant != "" {
		text += "?variant=" + r.Variant
	}
	return text
}

// At is the same repository at another revision.
func (r Ref) At(revision string) Ref {
	r.Revision = revision
	return r
}

// Pinned reports whether the revision is a commit, which cannot move.
func (r Ref) Pinned() bool { return commit.MatchString(r.Revision) }

// folder is the repository's in a cache.
func (r Ref) folder() string { return "models--" + r.Owner + "--" + r.Name }

var errUnsafe = errors.New("the name leads out of the repository")

// unsafe reports whether a name with slashes would lead out of a directory, or
// means something else on some file system.
func unsafe(name string) bool {
	if name == "" || strings.ContainsAny(name, "\\:*?\"<>|\x00") {
		return true
	}
	for _, r := range name {
		if r < ' ' || r == 0x7f {
			return true
		}
	}
	for _, one := range strings.Split(name, "/") {
		if one == "" || one == "." || one == ".." {
			return true
		}
	}
	return false
}
