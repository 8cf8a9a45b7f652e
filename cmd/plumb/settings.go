package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/hub"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// optionSettings are options of a component as NAME=VALUE on the command line. One of a block
// is BLOCK.NAME, or BLOCK.LABEL.NAME.
type optionSettings struct {
	flag  string // that they are given by: "--set"
	given []string
	// model finds what is read of a model of the hub in the cache of this machine: a
	// directory.
	model func(name string, files []string) (directory string, err error)
}

// settings are what a flag says of a component's options.
func (p *program) settings(ctx context.Context, flag string, given []string) optionSettings {
	return optionSettings{flag, given, func(name string, files []string) (string, error) {
		ref, err := hub.Parse(name)
		if err != nil {
			return "", err
		}
		found, err := p.hubCache(hub.Environment(os.Getenv)).Find(ctx, ref, files)
		var missing *hub.Absent
		if errors.As(err, &missing) {
			return "", fmt.Errorf("%w. `plumb download EXPERIMENT` fetches what an experiment names, `hf download %s/%s` a whole model; nothing is downloaded here", err, ref.Owner, ref.Name)
		}
		return found.Dir, err
	}}
}

// configure is a component's configuration: its defaults, and what the settings say.
func (o optionSettings) configure(c schema.Component) (json.RawMessage, error) {
	given := map[string]string{}
	for _, text := range o.given {
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			return nil, fmt.Errorf("%s %s: want NAME=VALUE", o.flag, text)
		}
		given[strings.TrimSpace(name)] = value
	}
	config, err := o.fill(c.Schema, given, "")
	if err == nil {
		for _, name := range slices.Sorted(maps.Keys(given)) {
			return nil, fmt.Errorf("%s %s: %s %q has no such option.%s", o.flag, name, c.Kind, c.Name, offered(name, optionNames(c.Schema, "")))
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s %q: %w", c.Kind, c.Name, err)
	}
	return json.Marshal(config)
}

// notGiven says that something is required and not given.
type notGiven struct{ what string }

func (n *notGiven) Error() string { return n.what }

// offered names what is there, and what may have been meant.
func offered(name string, names []string) string {
	if len(names) == 0 {
		return " It has none."
	}
	return diag.DidYouMean(name, names) + " It has " + strings.Join(names, ", ") + "."
}

// optionNames are the names of a schema's options in settings.
func optionNames(s schema.Schema, prefix string) []string {
	var names []string
	for _, a := range s.Attributes {
		names = append(names, prefix+a.Name)
	}
	for _, b := range s.Blocks {
		if len(b.Labels) == 0 {
			names = append(names, optionNames(b.Body, prefix+b.Type+".")...)
		}
		for _, label := range b.Labels {
			names = append(names, optionNames(b.Body, prefix+b.Type+"."+label+".")...)
		}
	}
	return names
}

// fill is the configuration of a body. It takes what it reads out of given.
func (o optionSettings) fill(s schema.Schema, given map[string]string, prefix string) (map[string]any, error) {
	config := map[string]any{}
	for _, a := range s.Attributes {
		text, is := given[prefix+a.Name]
		delete(given, prefix+a.Name)
		switch {
		case is:
			value, err := o.parse(a, text)
			if err != nil {
				return nil, fmt.Errorf("%s %s%s=%s: %w", o.flag, prefix, a.Name, text, err)
			}
			config[a.Name] = value
		case a.Required:
			return nil, &notGiven{fmt.Sprintf("the option %s%s is required: give %s %s%s=VALUE (%s)", prefix, a.Name, o.flag, prefix, a.Name, a.Type)}
		case a.Default == nil:
			config[a.Name] = nil
		default:
			config[a.Name] = a.Default
		}
	}
	for _, b := range s.Blocks {
		within := prefix + b.Type + "."
		if len(b.Labels) == 0 {
			if !b.Required && !anyUnder(given, within) {
				continue
			}
			body, err := o.fill(b.Body, given, within)
			if err != nil {
				return nil, err
			}
			config[b.Type] = body
			continue
		}
		labelled := map[string]any{}
		for _, label := range b.Labels {
			if !anyUnder(given, within+label+".") {
				continue
			}
			body, err := o.fill(b.Body, given, within+label+".")
			if err != nil {
				return nil, err
			}
			labelled[label] = body
		}
		if len(labelled) > 0 {
			config[b.Type] = labelled
		} else if b.Required {
			return nil, &notGiven{fmt.Sprintf("the block %s is required: give %s %s%s.NAME=VALUE", b.Type, o.flag, within, strings.Join(b.Labels, "|"))}
		}
	}
	return config, nil
}

func anyUnder(given map[string]string, prefix string) bool {
	for name := range given {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// parse reads a value of the command line by the type of its option.
func (o optionSettings) parse(a schema.Attribute, text string) (json.RawMessage, error) {
	one := func(kind schema.Type, text string) (any, error) {
		switch kind {
		case schema.Number, schema.Integer:
			value, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return nil, fmt.Errorf("is not a %s", kind)
			}
			return value, nil
		case schema.Bool:
			value, err := strconv.ParseBool(text)
			if err != nil {
				return nil, fmt.Errorf("is not true or false")
			}
			return value, nil
		}
		if !a.Path {
			return text, nil
		}
		if hub.Is(text) {
			if len(a.Hub) == 0 {
				return nil, errors.New("does not take a model of Hugging Face's hub: give a file or directory")
			}
			return o.model(text, a.Hub)
		}
		return filepath.Abs(text)
	}
	var value any
	var err error
	if element := a.Type.Element(); element != a.Type {
		all := []any{}
		if text != "" {
			for part := range strings.SplitSeq(text, ",") {
				item, err := one(element, strings.TrimSpace(part))
				if err != nil {
					return nil, err
				}
				all = append(all, item)
			}
		}
		value = all
	} else if value, err = one(a.Type, text); err != nil {
		return nil, err
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("is not a value: %w", err) // such as NaN
	}
	if refused := a.Refuses(encoded); refused != "" {
		return nil, fmt.Errorf("%s", refused)
	}
	return encoded, nil
}
