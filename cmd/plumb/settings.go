package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// configure is a component's configuration: its defaults, and what --set says. A
// setting of a block in it is BLOCK.NAME, or BLOCK.LABEL.NAME.
func configure(c schema.Component, settings []string) (json.RawMessage, error) {
	given := map[string]string{}
	for _, text := range settings {
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			return nil, fmt.Errorf("--set %s: want NAME=VALUE", text)
		}
		given[strings.TrimSpace(name)] = value
	}
	config, err := fill(c.Schema, given, "")
	if err == nil {
		for _, name := range slices.Sorted(maps.Keys(given)) {
			return nil, fmt.Errorf("--set %s: %s %q has no such option.%s", name, c.Kind, c.Name, offered(name, optionNames(c.Schema, "")))
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

// optionNames are the names that --set takes.
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
func fill(s schema.Schema, given map[string]string, prefix string) (map[string]any, error) {
	config := map[string]any{}
	for _, a := range s.Attributes {
		text, is := given[prefix+a.Name]
		delete(given, prefix+a.Name)
		switch {
		case is:
			value, err := parse(a, text)
			if err != nil {
				return nil, fmt.Errorf("--set %s%s=%s: %w", prefix, a.Name, text, err)
			}
			config[a.Name] = value
		case a.Required:
			return nil, &notGiven{fmt.Sprintf("the option %s%s is required: give --set %s%s=VALUE (%s)", prefix, a.Name, prefix, a.Name, a.Type)}
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
			body, err := fill(b.Body, given, within)
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
			body, err := fill(b.Body, given, within+label+".")
			if err != nil {
				return nil, err
			}
			labelled[label] = body
		}
		if len(labelled) > 0 {
			config[b.Type] = labelled
		} else if b.Required {
			return nil, &notGiven{fmt.Sprintf("the block %s is required: give --set %s%s.NAME=VALUE", b.Type, within, strings.Join(b.Labels, "|"))}
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
func parse(a schema.Attribute, text string) (json.RawMessage, error) {
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
		if strings.HasPrefix(text, "hf://") {
			return nil, fmt.Errorf("models of the hub need an experiment: run plumb download, and give the directory")
		}
		return filepath.Abs(text)
	}
	elements := map[schema.Type]schema.Type{schema.StringList: schema.String, schema.NumberList: schema.Number}
	var value any
	var err error
	if element, list := elements[a.Type]; list {
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
