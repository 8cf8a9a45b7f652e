package stage

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/labels"
	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// About is what people are asked about.
type About struct {
	Pictures []Picture     // of the node's table of images
	Beside   []Picture     // of the table whose images stand beside these, of a stage that compares two models
	Scores   string        // path of the node's input plan.Scores; empty if it has none
	Known    []people.Gold // of the pictures
}

// Items lists what a stage asks people about the images of its table: one for each of
// them, or for each pair that is compared. Images that show the same are one item.
// What is known already is among them; of pairs, all that the file of known answers has.
// The order is that of the table.
func Items(ctx context.Context, node *plan.Node, about About) ([]people.Item, error) {
	pictures := about.Pictures
	switch work := node.Work.(type) {
	case *plan.RateWork:
		among, err := chosen(captions(pictures), work, node.Seed, about.Scores)
		if err != nil {
			return nil, err
		}
		var items []people.Item
		for i, asked := range among {
			if asked {
				items = append(items, itemOf(pictures[i]))
			}
		}
		return once(items), nil
	case *plan.CompareWork:
		pairs, err := pairsOf(ctx, node, work, pictures)
		if err != nil {
			return nil, err
		}
		var items []people.Item
		for _, pair := range pairs {
			if one, other := pictures[pair.first], pictures[pair.second]; one.Blind != other.Blind {
				items = append(items, itemOf(one, other))
			}
		}
		return once(append(items, pairsAmong(about.Known, pictures)...)), nil
	case *plan.PreferWork:
		return once(besides(pictures, about.Beside)), nil
	}
	return nil, fmt.Errorf("%s asks nobody about images", node.Name)
}

// itemOf is the item of images of a prompt.
func itemOf(pictures ...Picture) people.Item {
	images := make([]string, len(pictures))
	for i, picture := range pictures {
		images[i] = picture.Blind
	}
	slices.Sort(images)
	return people.Item{ID: people.ItemID(images...), Images: images, Prompt: pictures[0].Prompt, Category: pictures[0].Category}
}

// once leaves out items that were there before.
func once(items []people.Item) []people.Item {
	seen := map[string]bool{}
	return slices.DeleteFunc(items, func(item people.Item) bool {
		before := seen[item.ID]
		seen[item.ID] = true
		return before
	})
}

// Known reads the answers that are known of a stage's images, by the file that its
// block names; none if it names none. Mistakes are a diag.List.
func Known(asking *plan.Asking, pictures []Picture) ([]people.Gold, error) {
	if asking.GoldPath == "" {
		return nil, nil
	}
	said, err := knownAnswers(asking, pictures)
	if err != nil {
		return nil, err
	}
	var gold []people.Gold
	for _, item := range slices.Sorted(maps.Keys(said)) {
		gold = append(gold, people.Gold{Item: item, Answers: said[item]})
	}
	return gold, nil
}

// knownAnswers are the answers of the file by item. They are about all aspects that are
// asked, unless the file says which.
func knownAnswers(asking *plan.Asking, pictures []Picture) (map[string]people.Answers, error) {
	said := map[string]people.Answers{}
	var mistakes diag.List
	at := diag.Range{File: asking.GoldPath}
	add := func(item, what, answer string, aspects ...string) {
		if answer == people.Skip {
			mistakes.Errorf(at, fmt.Sprintf("A known answer for %s is %q", what, answer), "What is known is not skipped. Give an answer, or remove the row.")
		}
		if said[item] == nil {
			said[item] = people.Answers{}
		}
		for _, aspect := range aspects {
			if before, ok := said[item][aspect]; ok && before != answer {
				mistakes.Errorf(at, "Known answers contradict each other", "For %s the file has both %q and %q. Keep one of them.", what, before, answer)
			}
			said[item][aspect] = answer
		}
	}
	byID, blind := map[string]Picture{}, map[string]string{}
	for _, picture := range pictures {
		byID[picture.ID] = picture
		blind[picture.ID] = picture.Blind
	}
	all := asking.Question.Aspects
	switch {
	case asking.Question.Kind == people.Compare && asking.Blind:
		rows, found := labels.ImportBlindChoices(asking.GoldPath)
		if err := found.Err(); err != nil {
			return nil, err
		}
		for _, row := range rows {
			answer := row.Choice
			if row.First > row.Second {
				answer = otherWay(answer)
			}
			add(people.ItemID(row.First, row.Second), fmt.Sprintf("%s of the images %q and %q", row.Aspect, row.First, row.Second), answer, row.Aspect)
		}
	case asking.Question.Kind == people.Compare:
		rows, found := labels.ImportComparisons(asking.GoldPath, table.ByID(captions(pictures)))
		if err := found.Err(); err != nil {
			return nil, err
		}
		for _, row := range rows {
			item := itemOf(byID[row.First], byID[row.Second])
			if blind[row.First] == blind[row.Second] {
				mistakes.Errorf(at, fmt.Sprintf("The images %q and %q show the same", row.First, row.Second), "Neither can be better. Remove the row.")
				continue
			}
			answer := row.Choice
			if item.Images[0] != blind[row.First] {
				answer = otherWay(answer)
			}
			add(item.ID, fmt.Sprintf("the images %q and %q", row.First, row.Second), answer, all...)
		}
	default:
		read := labels.Import
		images := table.ByID(captions(pictures))
		if asking.Blind {
			read, images = labels.ImportBlind, byBlindID(pictures)
		}
		rows, found := read(asking.GoldPath, images)
		if err := found.Err(); err != nil {
			return nil, err
		}
		for _, row := range rows {
			add(blind[row.ImageID], fmt.Sprintf("the image %q", row.ImageID), row.Label, all...)
		}
	}
	return said, mistakes.Err()
}

// otherWay is a choice with the images the other way round.
func otherWay(choice string) string {
	switch choice {
	case people.First:
		return people.Second
	case people.Second:
		return people.First
	}
	return choice
}

// answered is what people said of items: by item and rater.
type answered map[string]map[string]people.Answers

// answers are those that a stage's question has and that count. Words that are no
// answers to it, which a database that somebody wrote into by hand may hold, are
// mistakes.
func (j Job) answers(asking *plan.Asking) (answered, error) {
	words := []string{people.Good, people.Bad, people.Skip}
	if asking.Question.Kind == people.Compare {
		words = []string{people.First, people.Second, people.Tie, people.Skip}
	}
	all := answered{}
	var mistakes diag.List
	for _, judgement := range asking.Judgements() {
		for _, aspect := range asking.Question.Aspects {
			if word := judgement.Answers[aspect]; !slices.Contains(words, word) {
				mistakes.Errorf(j.Node.Range, fmt.Sprintf("Judgement %d of %q is no answer", judgement.Number, judgement.Rater),
					"Of %s of the item %s it says %q, and %s takes %s. `plumb label` and `plumb label import` let no such answer in; take it out of the database.",
					aspect, judgement.Item, word, asking.Question.Name, strings.Join(words, ", "))
			}
		}
		if all[judgement.Item] == nil {
			all[judgement.Item] = map[string]people.Answers{}
		}
		all[judgement.Item][judgement.Rater] = judgement.Answers
	}
	return all, mistakes.Err()
}

// raters lists who said something of an item, by name.
func (a answered) raters(item string) []string { return slices.Sorted(maps.Keys(a[item])) }

// waitForPeople is the error of a stage whose question people have not answered as
// often as it asks; nil if they have. what is what the items are, such as "images".
func (j Job) waitForPeople(asking *plan.Asking, items []people.Item, known []people.Gold, what string) error {
	question := asking.Question
	question.Gold = known
	var reported map[string]bool
	if asking.Heard != nil {
		reported = asking.Heard.Reported
	}
	progress := people.ProgressOf(question, items, asking.Judgements(), reported)
	if progress.Missing == 0 {
		return nil
	}
	drawn := "The images are drawn"
	if asking.Blind {
		drawn = "The images are drawn; people are asked about those of all models together, once all are"
	}
	var list diag.List
	list.Warningf(j.Node.Range, lacking(progress, what), "%s. What people have said is kept.%s This asks them in a browser; then run again:", drawn, saidElsewhere(asking, items, what))
	return Waiting{List: list, People: true}
}

// lacking says how many items wait for how many judgements.
func lacking(progress people.Progress, what string) string {
	open := progress.Items - progress.Complete
	which := fmt.Sprintf("%d of %d %s wait", open, progress.Items, what)
	if open == 1 {
		which = fmt.Sprintf("1 of %d %s waits", progress.Items, what)
	}
	each := progress.Missing / open
	switch {
	case each*open != progress.Missing:
		return fmt.Sprintf("%s for %d more judgements in all", which, progress.Missing)
	case open == 1 && each == 1:
		return which + " for 1 more judgement"
	case open == 1:
		return fmt.Sprintf("%s for %d more judgements", which, each)
	case each == 1:
		return which + " for 1 more judgement each"
	}
	return fmt.Sprintf("%s for %d more judgements each", which, each)
}

// saidElsewhere tells whoever has renamed a block that nobody has answered to where what
// people said of its items is; empty where there is nothing to tell.
func saidElsewhere(asking *plan.Asking, items []people.Item, what string) string {
	if asking.Heard == nil || len(asking.Judgements()) > 0 {
		return ""
	}
	asked := map[string]bool{}
	for _, item := range items {
		asked[item.ID] = true
	}
	question, most := "", 0
	for _, name := range slices.Sorted(maps.Keys(asking.Heard.Judgements)) {
		answered := map[string]bool{}
		for _, judgement := range asking.Heard.Judgements[name] {
			if judgement.Purpose == people.Asked && asked[judgement.Item] {
				answered[judgement.Item] = true
			}
		}
		if len(answered) > most {
			question, most = name, len(answered)
		}
	}
	if most == 0 {
		return ""
	}
	return fmt.Sprintf(" Of %d of these %s people have answered another question, %s: answers belong to the block that asks. If the block was renamed, its old name brings them back.", most, what, question)
}

// known is Known for a stage, which waits for the file if nobody has made or filled it in
// yet.
func (j Job) known(asking *plan.Asking, pictures []Picture) ([]people.Gold, error) {
	if asking.GoldPath == "" {
		return nil, nil
	}
	sheet := j.imagesStage()
	if asking.Blind {
		sheet = "evaluate/" + j.Node.About.Evaluation
	}
	how := "Write beside some of them what is right, and put the file there"
	switch {
	case asking.Question.Kind == people.Compare && asking.Blind:
		sheet = asking.Question.Name
		how = "Write first, second or tie beside some of the pairs, and put the file there"
	case asking.Question.Kind == people.Compare:
		how = "Write a CSV file with the columns first, second (IDs of two images of one prompt) and choice (first, second or tie) there"
	}
	if err := j.waitForFile(asking.GoldPath, "known answers", sheet, how); err != nil {
		return nil, err
	}
	known, err := Known(asking, pictures)
	var problems diag.List
	if errors.As(err, &problems) {
		if err := j.waitForAnswers(asking.GoldPath, sheet, problems); err != nil {
			return nil, err
		}
	}
	return known, err
}

// leftOut says which items were reported as unsafe.
func leftOut(n int, what string) []string {
	if n == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d of the %s were reported as unsafe. They are left out.", n, what)}
}
