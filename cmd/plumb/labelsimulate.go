package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/labelling/queue"
	"github.com/plumb-ml/plumb/labelling/scripted"
	"github.com/plumb-ml/plumb/labelling/server"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// crowd are the simulated people of a rater: each answers through a page of their own what
// the component has them say of what the page shows.
type crowd struct {
	name     string
	instance *client.Instance
	compares bool
	kill     func() // what was started for it; nil: nothing was

	mu      sync.Mutex
	labels  map[string][]sdk.Label // of an image under a prompt, one of each person
	choices map[string][]sdk.Choice
}

// newCrowd opens a rater of the experiment, or a built-in one with its usual options.
func (s *loaded) newCrowd(ctx context.Context, named string) (*crowd, error) {
	c := &crowd{name: strings.TrimPrefix(named, "rater."), labels: map[string][]sdk.Label{}, choices: map[string][]sdk.Choice{}}
	var described sdk.Description
	var err error
	if c.instance, described, err = s.OpenRater(ctx, c.name); err != nil {
		return nil, err
	}
	if c.instance == nil {
		if c.instance, described, c.kill, err = s.program.openBuiltinRater(ctx, s.Raters(), c.name); err != nil {
			return nil, err
		}
	}
	c.compares = described.Has(schema.Compare)
	return c, nil
}

// openBuiltinRater opens a built-in rater; blocks are the names that would have done, too.
func (p *program) openBuiltinRater(ctx context.Context, blocks []string, name string) (instance *client.Instance, described sdk.Description, kill func(), err error) {
	known := blocks
	found := false
	for _, component := range p.plugin.Components {
		if component.Kind == schema.Rater {
			known = append(known, component.Name)
			found = found || component.Name == name
		}
	}
	if !found {
		return nil, described, nil, fmt.Errorf("--simulate %s: the experiment has no rater block of that name, and there is no built-in rater.%s", name, offered(name, known))
	}
	t, err := p.tried(ctx, name, nil)
	if err != nil {
		return nil, described, nil, err
	}
	components, err := t.components(name, schema.Rater)
	if err == nil {
		described = components[0]
		var config []byte
		if config, err = p.settings(ctx, "--simulate", nil).configure(described); err == nil {
			instance, err = t.Open(ctx, client.OpenRequest{
				Kind: string(schema.Rater), Component: described.Name, Described: described,
				OpenRequest: sdk.OpenRequest{Config: config, Backend: p.backend},
			})
		}
	}
	if err != nil {
		t.Kill()
		return nil, described, nil, err
	}
	return instance, described, func() { t.Kill() }, nil
}

func (c *crowd) close() {
	c.instance.Close(context.Background())
	if c.kill != nil {
		c.kill()
	}
}

// simulate lets the crowd answer all that is asked, through the page.
func (v *serving) simulate(ctx context.Context, base string) error {
	size := 0
	for _, one := range v.asked {
		if len(one.Items) == 0 {
			continue
		}
		image, _, err := v.Image(ctx, one.Items[0].Images[0])
		if err != nil {
			return err
		}
		labels, err := v.crowd.rate(ctx, one.Items[0].Prompt, image)
		if err != nil {
			return err
		}
		size = len(labels)
		break
	}
	if size == 0 {
		return errors.New("--simulate: there are no images yet that could be judged")
	}
	links := make([]string, size)
	for person := range links {
		rater, err := v.database.AddRater(ctx, fmt.Sprintf("simulated %s %d", v.crowd.name, person+1))
		if err != nil {
			return err
		}
		links[person] = base + server.RaterPath(rater.Token)
	}
	all, ctx := errgroup.WithContext(ctx)
	for person, link := range links {
		all.Go(func() error {
			r, err := scripted.Enter(ctx, link)
			if err != nil {
				return err
			}
			defer r.Leave()
			_, err = r.Work(ctx, func(ctx context.Context, screen scripted.Screen, images [][]byte) (people.Answers, error) {
				return v.crowd.answer(ctx, person, screen, images)
			})
			return err
		})
	}
	return all.Wait()
}

// answer is what a person says of a task. The component judges whether an image shows
// what its prompt says; of anything else they cannot tell.
func (c *crowd) answer(ctx context.Context, person int, screen scripted.Screen, images [][]byte) (people.Answers, error) {
	answers := people.Answers{}
	for _, aspect := range screen.Aspects {
		if answers[aspect] = people.Skip; aspect != people.Alignment {
			continue
		}
		var err error
		switch {
		case screen.Kind == people.Compare && c.compares:
			answers[aspect], err = c.choice(ctx, person, screen.Prompt, images)
		default:
			answers[aspect], err = c.byLabels(ctx, person, screen, images)
		}
		if err != nil {
			return nil, err
		}
	}
	return answers, nil
}

// byLabels is what follows from a person's labels of the images.
func (c *crowd) byLabels(ctx context.Context, person int, screen scripted.Screen, images [][]byte) (string, error) {
	worth := make([]int, len(images)) // of each image, from left to right
	for i, image := range images {
		labels, err := c.rate(ctx, screen.Prompt, image)
		if err != nil {
			return "", err
		}
		label := labels[person]
		if screen.Kind == people.Rate {
			return string(label), nil
		}
		worth[i] = map[sdk.Label]int{sdk.LabelGood: 1, sdk.LabelBad: -1}[label]
	}
	if screen.Kind == people.Compare {
		switch {
		case worth[0] > worth[1]:
			return queue.Left, nil
		case worth[0] < worth[1]:
			return queue.Right, nil
		}
		return people.Tie, nil
	}
	order := make([]int, len(images))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return worth[b] - worth[a] })
	places := make([]string, len(order))
	for i, at := range order {
		places[i] = strconv.Itoa(at + 1)
	}
	return strings.Join(places, ","), nil
}

// choice is a person's between two images.
func (c *crowd) choice(ctx context.Context, person int, prompt string, images [][]byte) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := shownID(prompt, images...)
	if c.choices[id] == nil {
		pair := client.Pair{ID: id, Prompt: sdk.Prompt{Text: prompt}, First: images[0], Second: images[1]}
		err := c.instance.Compare(ctx, each([]client.Pair{pair}), func(_ int, choices []sdk.Choice) error {
			c.choices[id] = choices
			return nil
		})
		if err != nil {
			return "", err
		}
	}
	return map[sdk.Choice]string{sdk.ChooseFirst: queue.Left, sdk.ChooseSecond: queue.Right, sdk.Tie: people.Tie}[c.choices[id][person]], nil
}

// rate has all people label an image, once.
func (c *crowd) rate(ctx context.Context, prompt string, image []byte) ([]sdk.Label, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := shownID(prompt, image)
	if c.labels[id] == nil {
		item := client.Item{ID: id, Prompt: sdk.Prompt{Text: prompt}, PNG: image}
		err := c.instance.Rate(ctx, each([]client.Item{item}), func(_ int, labels []sdk.Label) error {
			c.labels[id] = labels
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return c.labels[id], nil
}

// shownID names what is shown, for a component that draws its people's mistakes by it.
func shownID(prompt string, images ...[]byte) string {
	h := sha256.New()
	fmt.Fprintf(h, "%d:%s", len(prompt), prompt)
	for _, image := range images {
		fmt.Fprintf(h, "%d:", len(image))
		h.Write(image)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
