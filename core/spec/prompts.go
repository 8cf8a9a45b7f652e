package spec

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/plumb-ml/plumb/core/diag"
)

// The splits of prompts.
const (
	seen   = "seen"
	unseen = "unseen"
)

// mostPrompts bounds the combinations of one template: more is a mistake.
const mostPrompts = 1_000_000

var promptsForm = form{
	schema: Schema{Attributes: []Attribute{
		{Name: "template", Type: "string", Summary: "text with slots in braces, such as \"a {color} {object}\""},
		{Name: "list", Type: "list(string)", Summary: "the prompts themselves, in place of a template"},
		{Name: "path", Type: "string", Path: true, Summary: "a text file of prompts, one on a line, in place of a template", Obtain: "Write one prompt on a line. Until then the plan counts as many as limit says."},
		{Name: "limit", Type: "integer", Minimum: number(1), Maximum: number(1e9), Summary: "how many prompts are drawn by the experiment's seed"},
	}},
	values: []Value{
		{Name: "slots", Takes: "an object of lists of words", Summary: "the words of each slot of the template, of which every combination is a prompt"},
		{Name: "unseen", Takes: "as slots has it, or a list of prompts", Summary: "words, or prompts, that are never labelled or rewarded, only evaluated"},
	},
}

// promptsBlocks decodes the categories of prompts: every combination of a
// template's slots,
//
//	prompts "color" {
//	  template = "a {color} {object}"
//	  slots    = { color = local.colors, object = local.objects }
//	  unseen   = { object = ["heart"] } # prompts with one of these words
//	  limit    = 200
//	}
//
// or a plain list:
//
//	prompts "odd" {
//	  list   = ["a horse riding an astronaut", "a red book on a yellow vase"]
//	  unseen = ["a red book on a yellow vase"]
//	}
//
// or the lines of a text file:
//
//	prompts "coco" {
//	  path = "captions.txt"
//	}
func (l *loader) promptsBlocks() {
	each(l, "prompts", func(block *hcl.Block, set *PromptSet) {
		before := len(l.diagnostics)
		arguments := l.decode(block.Body, promptsForm)
		var prompts []Prompt
		switch template, list, path := arguments.given("template"), arguments.given("list"), arguments.given("path"); {
		case path && (template || list):
			l.error(arguments.at("path", block.DefRange), "Path and others", "Prompts are made from a template, listed, or in a file. Give one of the three.")
		case template && list:
			l.error(arguments.at("list", block.DefRange), "Template and list", "Prompts are made from a template or listed. Remove one of the two.")
		case path:
			prompts = l.filedPrompts(set, arguments)
		case list:
			prompts = l.listedPrompts(set, arguments)
		case template:
			prompts = l.templatePrompts(set, arguments)
		default:
			l.error(block.DefRange, "No prompts", "Give the category a template with slots, or a list:\n  template = \"a {color} {object}\"\n  slots    = { color = [\"red\"], object = [\"circle\"] }")
		}
		if l.diagnostics[before:].HasErrors() {
			l.broken[set] = true
			return
		}
		prompts = l.distinct(prompts, block)
		if len(prompts) == 0 {
			l.error(block.DefRange, "Empty prompt set", "No prompt comes out of this block. Give every slot at least one word.")
			l.broken[set] = true
			return
		}
		if limit := arguments.integer("limit"); limit > 0 {
			if limit < 2 && mixed(prompts) {
				l.error(arguments.at("limit", block.DefRange), "Limit too small", "The category has seen and unseen prompts, and one of each is kept: the limit must be at least 2.")
				l.broken[set] = true
				return
			}
			prompts = subset(prompts, limit, l.spec.Seed, "prompts "+set.Name, func(p Prompt) string { return p.Split })
		}
		set.Prompts = prompts
	})
}

// mixed reports whether there are both seen and unseen prompts.
func mixed(prompts []Prompt) bool {
	return slices.ContainsFunc(prompts, func(p Prompt) bool { return p.Split != prompts[0].Split })
}

// listedPrompts makes the prompts of a list.
func (l *loader) listedPrompts(set *PromptSet, arguments arguments) []Prompt {
	if slots, ok := arguments.others["slots"]; ok {
		l.error(slots.NameRange, "Slots without a template", "Listed prompts have no slots. Remove the slots, or write a template.")
	}
	var texts []string
	if list, ok := arguments.config["list"].([]any); ok {
		for _, text := range list {
			texts = append(texts, text.(string))
		}
	}
	held := map[string]bool{}
	if attribute, ok := arguments.others["unseen"]; ok {
		words, ok := l.words(attribute.Expr, "unseen", "a list of prompts")
		if !ok {
			return nil
		}
		listed := setOf(texts)
		for _, word := range words {
			if !listed[word] {
				l.error(attribute.Expr.Range(), "Unknown unseen prompt", "%q is not in the list.%s Add it there, too.", word, diag.DidYouMean(word, texts))
				continue
			}
			held[word] = true
		}
	}
	var prompts []Prompt
	for _, text := range texts {
		if strings.TrimSpace(text) == "" {
			l.error(arguments.ranges["list"], "Empty prompt", "A prompt of the list is empty. Remove it.")
			continue
		}
		prompt := Prompt{Text: text, Category: set.Name, Split: seen, Slots: map[string]string{}}
		if held[text] {
			prompt.Split = unseen
		}
		prompts = append(prompts, prompt)
	}
	return prompts
}

// mostPromptBytes bounds a file of prompts: more is a mistake.
const mostPromptBytes = 64 << 20

// filedPrompts reads the prompts of a file. If nothing is there yet, stand-ins
// are counted in their place, and nothing is drawn for them.
func (l *loader) filedPrompts(set *PromptSet, arguments arguments) []Prompt {
	for _, name := range []string{"slots", "unseen"} {
		if attribute, ok := arguments.others[name]; ok {
			l.error(attribute.NameRange, "Path and "+name, "Prompts of a file have no slots, and all are seen. Remove %s, or write a template.", name)
		}
	}
	path, at := arguments.text("path"), arguments.ranges["path"]
	if arguments.bad["path"] {
		return nil
	}
	prompt := Prompt{Category: set.Name, Split: seen, Slots: map[string]string{}}
	var prompts []Prompt
	if _, missing := l.spec.Missing[path]; missing {
		prompt.Missing = path
		for i := range min(max(1, arguments.integer("limit")), mostPrompts) {
			prompt.Text = fmt.Sprintf("(line %d of %s)", i+1, filepath.Base(path))
			prompts = append(prompts, prompt)
		}
		return prompts
	}
	info, err := os.Stat(path)
	if err == nil && info.Size() > mostPromptBytes {
		err = fmt.Errorf("it has %d bytes: a prompt is a line of text", info.Size())
	}
	var text []byte
	if err == nil {
		text, err = os.ReadFile(path)
	}
	if err == nil && !utf8.Valid(text) {
		err = errors.New("it is not text in UTF-8")
	}
	if err != nil {
		l.error(at, "Cannot read prompts", "%v. A file of prompts has one on a line.", err)
		return nil
	}
	for line := range strings.Lines(string(text)) {
		if prompt.Text = strings.TrimSpace(line); prompt.Text != "" {
			prompts = append(prompts, prompt)
		}
	}
	if len(prompts) > mostPrompts {
		l.error(at, "Too many prompts", "The file has %d prompts, more than %d.", len(prompts), mostPrompts)
		return nil
	}
	return prompts
}

// brace finds what stands in braces, and single braces.
var brace = regexp.MustCompile(`\{[^{}]*\}|[{}]`)

// slotName is what may stand in braces.
var slotName = regexp.MustCompile(`^\{[A-Za-z_][A-Za-z0-9_]*\}$`)

// templatePrompts makes every combination of the template's slots: the last
// slot of the template varies fastest.
func (l *loader) templatePrompts(set *PromptSet, arguments arguments) []Prompt {
	template, at := arguments.text("template"), arguments.ranges["template"]
	slots, ok := l.wordLists(arguments.others["slots"])
	if !ok || arguments.bad["template"] {
		return nil
	}
	held, ok := l.wordLists(arguments.others["unseen"])
	if !ok {
		return nil
	}
	var order []string
	for _, match := range brace.FindAllString(template, -1) {
		if !slotName.MatchString(match) {
			l.error(at, "Invalid template", "%q is not a slot: a slot is a name in braces, such as {color}.", match)
			continue
		}
		if name := match[1 : len(match)-1]; !slices.Contains(order, name) {
			order = append(order, name)
		}
	}
	combinations := 1
	for _, name := range order {
		list, ok := slots[name]
		switch {
		case !ok:
			l.error(at, "Slot without words", "The template has a slot {%s}, and slots has no words for it.%s Add a list: %s = [...].", name, diag.DidYouMean(name, names(slots)), name)
		case len(list.words) == 0:
			l.error(list.at, "Slot without words", "The list of slot %q is empty, so no prompt comes out. Give it at least one word.", name)
		}
		if combinations *= max(1, len(list.words)); combinations > mostPrompts {
			l.error(at, "Too many prompts", "The template's slots make more than %d combinations. Split the category, or shorten its lists.", mostPrompts)
			return nil
		}
	}
	for _, name := range names(slots) {
		if !slices.Contains(order, name) {
			l.error(slots[name].at, "Slot not in the template", "The template has no slot {%s}.%s Write it into the template, or remove the list.", name, diag.DidYouMean(name, order))
		}
	}
	for _, name := range names(held) {
		list, ok := slots[name]
		if !ok {
			l.error(held[name].at, "Unknown slot", "unseen names a slot %q that slots does not have.%s", name, diag.DidYouMean(name, names(slots)))
			continue
		}
		known := setOf(list.words)
		for _, word := range held[name].words {
			if !known[word] {
				l.error(held[name].at, "Unknown unseen word", "%q is not among the words of slot %q.%s Add it there, too.", word, name, diag.DidYouMean(word, list.words))
			}
		}
	}
	if slices.ContainsFunc(order, func(name string) bool { return len(slots[name].words) == 0 }) {
		return nil
	}
	withheld := map[string]map[string]bool{}
	for _, name := range order {
		withheld[name] = setOf(held[name].words)
		for _, word := range slots[name].words {
			if !withheld[name][word] {
				set.Words[name] = append(set.Words[name], word)
			}
		}
	}
	between := brace.Split(template, -1)        // the template's own text, before, between and after slots
	filled := brace.FindAllString(template, -1) // the slots
	prompts := make([]Prompt, 0, combinations)
	choice := make([]int, len(order)) // the word of each slot, counted like an odometer
	for range combinations {
		prompt := Prompt{Category: set.Name, Split: seen, Slots: make(map[string]string, len(order))}
		for i, name := range order {
			word := slots[name].words[choice[i]]
			prompt.Slots[name] = word
			if withheld[name][word] {
				prompt.Split = unseen
			}
		}
		var text strings.Builder
		for i, slot := range filled {
			text.WriteString(between[i])
			text.WriteString(prompt.Slots[strings.Trim(slot, "{}")])
		}
		text.WriteString(between[len(filled)])
		prompt.Text = text.String()
		prompts = append(prompts, prompt)
		for i := len(order) - 1; i >= 0; i-- {
			if choice[i]++; choice[i] < len(slots[order[i]].words) {
				break
			}
			choice[i] = 0
		}
	}
	return prompts
}

// wordList is a list of words and where it is written.
type wordList struct {
	words []string
	at    hcl.Range
}

// wordLists evaluates an object of lists of words; nil for an absent argument.
func (l *loader) wordLists(attribute *hcl.Attribute) (map[string]wordList, bool) {
	if attribute == nil {
		return nil, true
	}
	value, ok := l.evaluate(attribute.Expr)
	if !ok {
		return nil, false
	}
	if value.IsNull() {
		return nil, true
	}
	if !value.Type().IsObjectType() && !value.Type().IsMapType() {
		l.error(attribute.Expr.Range(), "Wrong type", "%s takes an object of lists, such as { object = [\"heart\"] }, and this is %s.", attribute.Name, describe(value))
		return nil, false
	}
	keyRanges := map[string]hcl.Range{}
	if pairs, diagnostics := hcl.ExprMap(attribute.Expr); !diagnostics.HasErrors() {
		for _, pair := range pairs {
			key, diagnostics := l.evaluator.Value(pair.Key, l.roots)
			if !diagnostics.HasErrors() && key.IsWhollyKnown() && key.Type() == cty.String && !key.IsNull() {
				keyRanges[key.AsString()] = hcl.RangeBetween(pair.Key.Range(), pair.Value.Range())
			}
		}
	}
	lists, complete := map[string]wordList{}, true
	for it := value.ElementIterator(); it.Next(); {
		key, element := it.Element()
		name := key.AsString()
		at, ok := keyRanges[name]
		if !ok {
			at = attribute.Expr.Range()
		}
		words, problem := stringsOf(element)
		if problem != "" {
			l.error(at, "Wrong type", "%s.%s takes a list of words, and %s.", attribute.Name, name, problem)
			complete = false
			continue
		}
		if repeated := repeatedIn(words); len(repeated) > 0 {
			l.warning(at, "Repeated word", "%s stands in the list more than once. It counts once.", or(quoted(repeated)))
		}
		lists[name] = wordList{distinctWords(words), at}
	}
	return lists, complete
}

// words evaluates a list of strings.
func (l *loader) words(expression hcl.Expression, argument, takes string) ([]string, bool) {
	value, ok := l.evaluate(expression)
	if !ok {
		return nil, false
	}
	words, problem := stringsOf(value)
	if problem != "" {
		l.error(expression.Range(), "Wrong type", "%s takes %s, and %s.", argument, takes, problem)
		return nil, false
	}
	return words, true
}

// stringsOf returns a list of strings that are not empty, or what the value is instead.
func stringsOf(value cty.Value) (words []string, problem string) {
	list, err := converted(value, cty.List(cty.String))
	if err != nil || list.IsNull() || value.Type().IsObjectType() || value.Type().IsMapType() {
		return nil, "this is " + describe(value)
	}
	for it := list.ElementIterator(); it.Next(); {
		_, element := it.Element()
		if element.IsNull() || strings.TrimSpace(element.AsString()) == "" {
			return nil, "one of these is empty"
		}
		words = append(words, element.AsString())
	}
	return words, ""
}

// repeatedIn lists the words that stand in the list more than once.
func repeatedIn(words []string) []string {
	var repeated []string
	count := make(map[string]int, len(words))
	for _, word := range words {
		if count[word]++; count[word] == 2 {
			repeated = append(repeated, word)
		}
	}
	return repeated
}

// distinctWords returns the words, each once.
func distinctWords(words []string) []string {
	var kept []string
	known := make(map[string]bool, len(words))
	for _, word := range words {
		if !known[word] {
			known[word] = true
			kept = append(kept, word)
		}
	}
	return kept
}

// setOf returns the words as a set.
func setOf(words []string) map[string]bool {
	set := make(map[string]bool, len(words))
	for _, word := range words {
		set[word] = true
	}
	return set
}

// distinct removes prompts of the same text, with a warning. What is unseen
// once is unseen.
func (l *loader) distinct(prompts []Prompt, block *hcl.Block) []Prompt {
	index := make(map[string]int, len(prompts))
	kept := prompts[:0:0]
	repeated := ""
	for _, prompt := range prompts {
		i, ok := index[prompt.Text]
		if !ok {
			index[prompt.Text] = len(kept)
			kept = append(kept, prompt)
			continue
		}
		if prompt.Split == unseen {
			kept[i].Split = unseen
		}
		if repeated == "" {
			repeated = prompt.Text
		}
	}
	if removed := len(prompts) - len(kept); removed > 0 {
		l.warning(block.DefRange, "Repeated prompts", "Prompts come out more than once, such as %q. Each is kept once; removed: %d.", repeated, removed)
	}
	return kept
}

// setsOf evaluates an argument that names prompt sets, prompts.all included.
// It reports false after a mistake, here or in the sets.
func (l *loader) setsOf(attribute *hcl.Attribute) ([]*PromptSet, bool) {
	var sets []*PromptSet
	complete := true
	for _, r := range l.listOf(attribute, "prompts") {
		if r.target != nil {
			sets = append(sets, target[*PromptSet](r))
			continue
		}
		if len(sets) > 0 {
			l.error(r.at, "Named twice", "prompts.all holds the other sets of this list. Remove one or the other.")
			return nil, false
		}
		sets = append(sets, l.spec.Prompts...)
		if len(sets) == 0 {
			l.error(r.at, "No prompts", "The experiment declares no prompts block.")
		}
	}
	for i, set := range sets {
		if slices.Contains(sets[:i], set) {
			l.error(attribute.Expr.Range(), "Named twice", "prompts.all holds prompts.%s. Remove one or the other.", set.Name)
			return nil, false
		}
		complete = complete && !l.broken[set]
	}
	return sets, complete && len(sets) > 0
}

// promptsOf evaluates an argument that names prompt sets, and takes of them
// the prompts of a split ("seen", "unseen" or "all"), at most limit if that is
// not zero.
func (l *loader) promptsOf(attribute *hcl.Attribute, split string, limit int, salt string) []Prompt {
	sets, ok := l.setsOf(attribute)
	if !ok {
		return nil
	}
	var prompts []Prompt
	for _, set := range sets {
		for _, prompt := range set.Prompts {
			if split == "all" || prompt.Split == split {
				prompts = append(prompts, prompt)
			}
		}
	}
	if len(prompts) == 0 {
		l.error(attribute.Expr.Range(), "Empty prompt set", "None of these prompts is %s. Choose another split, or change the unseen words of the prompts.", split)
		return nil
	}
	if limit > 0 {
		prompts = subset(prompts, limit, l.spec.Seed, salt, func(p Prompt) string { return p.Split + " " + p.Category })
	}
	return prompts
}

// leaks warns of texts that are seen in one category and unseen in another.
func (l *loader) leaks() {
	splits := map[string]Prompt{}
	for _, set := range l.spec.Prompts {
		for _, prompt := range set.Prompts {
			other, ok := splits[prompt.Text]
			if !ok {
				splits[prompt.Text] = prompt
				continue
			}
			if other.Split != prompt.Split {
				l.warningAt(set.Range, "Prompt both seen and unseen",
					"%q is %s in prompts.%s and %s in prompts.%s. Results on unseen prompts will look better than they are: hold out the same words in both.",
					prompt.Text, other.Split, other.Category, prompt.Split, prompt.Category)
				break
			}
		}
	}
	for _, reward := range l.spec.Rewards {
		leave := l.enter(reward)
		for _, labels := range reward.Labels {
			l.leak(labels.Images, reward.Range, "The reward is fitted on labels of")
		}
		leave()
	}
	for _, finetune := range l.spec.Finetunes {
		leave := l.enter(finetune)
		for _, images := range finetune.Images {
			l.leak(images, finetune.Range, "The model is tuned on")
		}
		for _, labels := range finetune.Labels {
			l.leak(labels.Images, finetune.Range, "The model is tuned on labels of")
		}
		for _, comparisons := range finetune.Comparisons {
			l.leak(comparisons.Images, finetune.Range, "The model is tuned on comparisons of")
		}
		leave()
	}
}

// leak warns of training on unseen prompts.
func (l *loader) leak(images *Images, at diag.Range, what string) {
	if images.Inventory.Unseen == 0 && !slices.ContainsFunc(images.Prompts, func(p Prompt) bool { return p.Split == unseen }) {
		return
	}
	l.warningAt(at, "Training on unseen prompts",
		"%s images.%s, which has unseen prompts. Give these images split = \"seen\", or results on unseen prompts will look better than they are.", what, images.Name)
}
