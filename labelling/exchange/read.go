package exchange

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/core/people/database"
	"github.com/plumb-ml/plumb/core/textfile"
	"github.com/plumb-ml/plumb/labelling"
)

// Known is what judgements that come in are checked against.
type Known struct {
	Questions  []people.Question
	Items      map[string][]people.Item // by question: those whose images are there
	Names      map[string]string        // the content's name (labels.BlindID) of images by the IDs that they have in their tables; may be nil
	Judgements []people.Judgement       // that stand already
	Withdrawn  []people.Judgement       // that were taken back: they do not come in again
	Question   string                   // of rows that name none; "": the only one that there is
	Rater      string                   // of rows that name none; "": onlyRater
	Now        time.Time                // of rows that have no time
	// Others takes judgements of questions and items that are not known, too, from files that
	// Write made: they count as soon as there are such images.
	Others bool
}

// Imported is what came in.
type Imported struct {
	New     []people.Judgement // in the order of the file, without numbers
	Already int                // stand already, as they are
	Gone    int                // were taken back, and stay so
	Empty   int                // rows without an answer yet
}

const (
	// onlyRater is the rater of a file that names none.
	onlyRater = "rater"
	// maxFindings is how many mistakes of one file are worth reading.
	maxFindings = 50
	// importPage is Judgement.Page of what says nothing of its own.
	importPage = "import"
	// pageName begins Judgement.Page of what label.html saves.
	pageName = "label.html"
	// parquetMagic begins a Parquet file, whatever its name.
	parquetMagic = "PAR1"
)

// errStop ends reading: enough mistakes are known.
var errStop = errors.New("stop")

// Read reads judgements: what Write made (Parquet, CSV, JSON Lines), what label.html saved,
// exports of Label Studio (JSON, JSON_MIN, CSV), and plain tables (CSV, Parquet) of the
// columns
//
//	image_id    of the image, by content or as its table has it; or, in its place,
//	image       the path of its file, whose name is its ID, or whose pixels are looked up
//	prompt      needed where pixels are
//	label       good, bad or skip; empty: not labelled yet
//	first, second, choice    of a pair, in place of image_id and label
//	rater       a name
//	question    needed where there are several
//
// All mistakes are reported at once, with their lines; if there is one, nothing is
// imported. What stands already is no mistake, but an answer that differs from it is.
func Read(path string, known Known) (Imported, diag.List) {
	i := newImporter(path, known)
	err := i.read()
	var form *textfile.Mistake
	at := diag.Range{File: path}
	switch {
	case errors.As(err, &form):
		i.found.Errorf(form.Range(path), form.Summary, "%s", form.Detail)
	case errors.Is(err, fs.ErrNotExist):
		i.found.Errorf(at, "There is no such file", "Check the path.")
	case err != nil && !errors.Is(err, errStop):
		i.found.Errorf(at, "The judgements cannot be read", "%v", err)
	}
	if !i.found.HasErrors() && len(i.into.New)+i.into.Already+i.into.Gone == 0 {
		if i.into.Empty > 0 {
			i.found.Errorf(at, "The file has no answers yet", "None of its %d rows is filled in.", i.into.Empty)
		} else {
			i.found.Errorf(at, "The file has no judgements", "There is nothing to import.")
		}
	}
	if i.found.HasErrors() {
		return Imported{}, i.found
	}
	if i.into.Empty > 0 {
		i.found.Warningf(at, fmt.Sprintf("%d of %d rows have no answer yet", i.into.Empty, i.into.Empty+i.into.Already+len(i.into.New)), "They are left out.")
	}
	if i.into.Gone > 0 {
		i.found.Warningf(at, fmt.Sprintf("%d judgements were taken back by their raters", i.into.Gone), "They stay so, and are left out.")
	}
	if i.others > 0 {
		i.found.Warningf(at, fmt.Sprintf("%d of %d judgements are of images or questions that the experiment does not have now", i.others, len(i.into.New)), "They are kept, and count when it has them.")
	}
	return i.into, i.found
}

func (i *importer) read() error {
	file, err := os.Open(i.path)
	if err != nil {
		return err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil {
		return err
	} else if info.IsDir() {
		return errors.New("it is a directory; give the path of a file")
	}
	head := make([]byte, 4096)
	n, err := io.ReadFull(file, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return err
	}
	head = head[:n]
	if bytes.HasPrefix(head, []byte(parquetMagic)) || strings.EqualFold(filepath.Ext(i.path), ".parquet") {
		return i.readParquet()
	}
	if wrong := textfile.Stranger(head); wrong != nil {
		return wrong
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	begins := bytes.TrimSpace(bytes.TrimPrefix(head, []byte(textfile.Mark)))
	if bytes.HasPrefix(begins, []byte("{")) || bytes.HasPrefix(begins, []byte("[")) {
		return i.readJSON(file)
	}
	return i.readCSV(file)
}

// importer reads one file.
type importer struct {
	path      string
	known     Known
	questions map[string]people.Question
	items     map[string]map[string]people.Item // by question and ID
	images    map[string]bool                   // all that are known, by content
	stand     map[string]people.Judgement       // by ID
	withdrawn map[string]bool                   // by ID
	answered  map[answer]people.Judgement       // that stand
	seen      map[answer]diag.Range             // in the file
	said      map[answer]people.Answers         // in the file
	ids       map[string]diag.Range             // in the file
	into      Imported
	others    int
	found     diag.List
}

// answer is who answers what, for counting: a rater answers an item once.
type answer struct{ question, item, rater string }

func newImporter(path string, known Known) *importer {
	i := &importer{
		path: path, known: known, questions: map[string]people.Question{}, items: map[string]map[string]people.Item{}, images: map[string]bool{},
		stand: map[string]people.Judgement{}, withdrawn: map[string]bool{}, answered: map[answer]people.Judgement{}, seen: map[answer]diag.Range{}, said: map[answer]people.Answers{}, ids: map[string]diag.Range{},
	}
	for _, question := range known.Questions {
		i.questions[question.Name] = question
		items := map[string]people.Item{}
		for _, item := range known.Items[question.Name] {
			items[item.ID] = item
			for _, image := range item.Images {
				i.images[image] = true
			}
		}
		i.items[question.Name] = items
	}
	for _, j := range known.Withdrawn {
		i.withdrawn[j.ID] = true
	}
	for _, j := range known.Judgements {
		i.stand[j.ID] = j
		if j.Purpose == people.Asked {
			i.answered[answer{j.Question, j.Item, j.Rater}] = j
		}
	}
	return i
}

// entry is a judgement as a file has it.
type entry struct {
	people.Judgement
	at    func(field string) diag.Range
	whole bool // made by Write or label.html: it has its item and images
	order []string
}

// question finds the question that a row is about; false after reporting why there is none.
func (i *importer) question(name string, at diag.Range) (people.Question, bool) {
	if name == "" {
		name = i.known.Question
	}
	if name == "" && len(i.known.Questions) == 1 {
		return i.known.Questions[0], true
	}
	names := slices.Sorted(maps.Keys(i.questions))
	question, ok := i.questions[name]
	switch {
	case ok:
		return question, true
	case name == "":
		i.found.Errorf(at, "Which question is answered is not said", "The experiment asks %s. Add a column question, or say --question.", strings.Join(names, ", "))
	case len(names) == 0:
		i.found.Errorf(at, fmt.Sprintf("There is no question %q", name), "The experiment asks people nothing.")
	default:
		i.found.Errorf(at, fmt.Sprintf("There is no question %q", name), "The experiment asks %s.%s", strings.Join(names, ", "), diag.DidYouMean(name, names))
	}
	return people.Question{}, false
}

// take checks a judgement and takes it in. It returns errStop when enough mistakes have
// been found.
func (i *importer) take(e entry) error {
	before := len(i.found)
	j := e.Judgement
	question, asked := i.questions[j.Question]
	if !asked && !(e.whole && i.known.Others) {
		question, asked = i.question(j.Question, e.at("question"))
		j.Question = question.Name
	}
	if j.Rater == "" && i.known.Rater != "" {
		j.Rater = i.known.Rater
	}
	if j.Rater == "" {
		i.found.Errorf(e.at("rater"), "The rater is missing", "Give every person a name.")
	} else if err := database.CheckName(j.Rater); err != nil {
		i.found.Errorf(e.at("rater"), "The rater's name cannot be taken", "%v. Choose another name.", err)
	}
	item, isKnown := i.items[j.Question][j.Item]
	if asked {
		i.checkItem(e, question, &j, item, isKnown)
	}
	i.checkAnswers(e, question, asked, j)
	switch j.Purpose {
	case people.Asked, people.Again, people.Known, people.Attentive:
	case "":
		j.Purpose = i.purpose(question, j, item)
	default:
		purposes := []string{string(people.Asked), string(people.Again), string(people.Known), string(people.Attentive)}
		i.found.Errorf(e.at("purpose"), fmt.Sprintf("%q is no purpose", j.Purpose), "It is %s.%s", strings.Join(purposes, ", "), diag.DidYouMean(string(j.Purpose), purposes))
	}
	for _, image := range j.Images {
		if len(j.Shown) > 0 && !slices.Contains(j.Shown, image) {
			i.found.Errorf(e.at("shown"), fmt.Sprintf("Image %q was judged and not shown", image), "The images that were shown are those that were judged, in the order in which they stood, or more.")
			break
		}
	}
	if len(i.found) == before {
		i.keep(e, j, asked && (isKnown || j.Purpose == people.Attentive && i.allKnown(j.Images)))
	}
	if len(i.found) >= maxFindings {
		i.found.Errorf(diag.Range{File: i.path}, "There may be more mistakes", "Reading stopped after %d.", maxFindings)
		return errStop
	}
	return nil
}

// checkItem finds the item that is judged among those that are asked for.
func (i *importer) checkItem(e entry, question people.Question, j *people.Judgement, item people.Item, isKnown bool) {
	switch {
	case j.Item == "":
		i.found.Errorf(e.at("item"), "What was judged is not said", "Every row needs the ID of an item or of its images.")
	case !isKnown && e.whole && (i.known.Others || j.Purpose == people.Attentive && i.allKnown(j.Images)):
		if len(j.Images) == 0 || people.ItemID(j.Images...) != j.Item {
			i.found.Errorf(e.at("item"), fmt.Sprintf("Item %q is not what its images are", j.Item), "An item is named by its images. Leave both columns as they are.")
		}
	case !isKnown:
		hint := ""
		if len(i.items[question.Name]) == 0 {
			hint = " None of its images is there yet: plumb run draws them."
		}
		i.found.Errorf(e.at("item"), fmt.Sprintf("%s asks of no %s %q", question.Name, map[bool]string{true: "image", false: "item"}[question.Kind == people.Rate], j.Item),
			"Items are named by what their images show; those that were drawn anew since have other names.%s", hint)
	case len(j.Images) > 0 && !slices.Equal(slices.Sorted(slices.Values(j.Images)), slices.Sorted(slices.Values(item.Images))):
		i.found.Errorf(e.at("images"), fmt.Sprintf("The images are not those of item %q", j.Item), "It has %s.", strings.Join(item.Images, " "))
	default:
		if len(j.Images) == 0 {
			j.Images = item.Images
		}
		if j.Prompt == "" {
			j.Prompt = item.Prompt
		}
		if j.Category == "" {
			j.Category = item.Category
		}
	}
}

// allKnown reports whether all images are asked about, in some item.
func (i *importer) allKnown(images []string) bool {
	return !slices.ContainsFunc(images, func(image string) bool { return !i.images[image] })
}

// checkAnswers holds what is said against what can be.
func (i *importer) checkAnswers(e entry, question people.Question, asked bool, j people.Judgement) {
	if len(j.Answers) == 0 {
		i.found.Errorf(e.at("answers"), "Nothing is answered", "The answers to %s are missing.", strings.Join(question.Aspects, ", "))
		return
	}
	if !asked {
		return // nobody knows what can be said
	}
	words := append(slices.Clone(labelling.Words(question.Kind)), people.Skip)
	for _, aspect := range slices.Sorted(maps.Keys(j.Answers)) {
		said := j.Answers[aspect]
		switch {
		case !slices.Contains(question.Aspects, aspect):
			i.found.Errorf(e.at(answerPrefix+aspect), fmt.Sprintf("%s does not ask about %q", question.Name, aspect),
				"It asks about %s.%s", strings.Join(question.Aspects, ", "), diag.DidYouMean(aspect, question.Aspects))
		case question.Kind == people.Rank && said != people.Skip && !isRanking(said, len(j.Images)):
			i.found.Errorf(e.at(answerPrefix+aspect), fmt.Sprintf("%q is no ranking of %d images", said, len(j.Images)), "Write the places of the images from best to worst, as 2,1,3, or skip.")
		case question.Kind != people.Rank && !slices.Contains(words, said):
			i.found.Errorf(e.at(answerPrefix+aspect), fmt.Sprintf("%q is no answer", said),
				"Write %s or %s.%s", strings.Join(words[:len(words)-1], ", "), people.Skip, diag.DidYouMean(strings.ToLower(said), words))
		}
	}
	for _, aspect := range question.Aspects {
		if _, said := j.Answers[aspect]; !said {
			i.found.Errorf(e.at(answerPrefix+aspect), fmt.Sprintf("There is no answer about %s", aspect), "%s asks about %s, each apart.", question.Name, strings.Join(question.Aspects, ", "))
		}
	}
}

// isRanking reports whether a text is the places of n images in some order.
func isRanking(text string, n int) bool {
	words := strings.Split(text, ",")
	seen := map[string]bool{}
	for _, word := range words {
		place, err := strconv.Atoi(word)
		if err != nil || place < 1 || place > n || seen[word] || strconv.Itoa(place) != word {
			return false
		}
		seen[word] = true
	}
	return len(words) == n
}

// purpose is why something was shown that does not say so: what is known is gold, an
// image under the prompt of another checks attention, and what label.html shows a rater
// again is for that.
func (i *importer) purpose(question people.Question, j people.Judgement, item people.Item) people.Purpose {
	switch {
	case slices.ContainsFunc(question.Gold, func(g people.Gold) bool { return g.Item == j.Item }):
		return people.Known
	case item.Prompt != "" && j.Prompt != item.Prompt:
		return people.Attentive
	}
	if _, before := i.said[answer{j.Question, j.Item, j.Rater}]; before && strings.HasPrefix(j.Page, pageName) {
		return people.Again
	}
	return people.Asked
}

// keep takes in a judgement that has no mistake of its own, if it does not contradict
// others.
func (i *importer) keep(e entry, j people.Judgement, isKnown bool) {
	if j.Page == "" {
		j.Page = importPage
	}
	named := j.ID != ""
	if !named {
		j.ID = nameOf(j)
	}
	if first, twice := i.ids[j.ID]; twice && named {
		i.found.Errorf(e.at("id"), fmt.Sprintf("Judgement %q is there twice", j.ID), "The first time is at %s. Keep one of the two.", spelled(first))
		return
	}
	i.ids[j.ID] = e.at("id")
	if i.withdrawn[j.ID] {
		i.into.Gone++
		return
	}
	if stands, is := i.stand[j.ID]; is {
		if stands.Question == j.Question && stands.Item == j.Item && stands.Rater == j.Rater && stands.Purpose == j.Purpose && maps.Equal(stands.Answers, j.Answers) {
			i.into.Already++
			return
		}
		i.found.Errorf(e.at("id"), fmt.Sprintf("Judgement %q says something else than the one that stands", j.ID), "There, %s said %s of %s. A judgement is never changed: give this one another ID, or none.", stands.Rater, phrase(stands.Answers), stands.Item)
		return
	}
	if j.Purpose == people.Asked {
		who := answer{j.Question, j.Item, j.Rater}
		if first, twice := i.seen[who]; twice {
			if maps.Equal(i.said[who], j.Answers) {
				i.found.Errorf(e.at("rater"), fmt.Sprintf("Rater %q has judged %q before", j.Rater, j.Item), "The first time is at %s. Keep one of the two.", spelled(first))
			} else {
				i.found.Errorf(e.at("rater"), fmt.Sprintf("Rater %q contradicts %s about %q", j.Rater, spelled(first), j.Item), "It says %s there, and %s here. Keep one of the two.", phrase(i.said[who]), phrase(j.Answers))
			}
			return
		}
		i.seen[who], i.said[who] = e.at("rater"), j.Answers
		if stands, is := i.answered[who]; is {
			if maps.Equal(stands.Answers, j.Answers) {
				i.into.Already++
				return
			}
			i.found.Errorf(e.at("rater"), fmt.Sprintf("Rater %q has said something else of %q", j.Rater, j.Item), "The answer that stands is %s, here it is %s. A rater answers an item once: take this row out, or give its rater another name.", phrase(stands.Answers), phrase(j.Answers))
			return
		}
	}
	if j.Time.IsZero() {
		j.Time = i.known.Now.UTC().Truncate(time.Millisecond)
	}
	if len(j.Shown) == 0 {
		j.Shown = e.order
	}
	if !isKnown {
		i.others++
	}
	j.Number = 0
	i.into.New = append(i.into.New, j)
}

// phrase is answers in words.
func phrase(answers people.Answers) string {
	var words []string
	for _, aspect := range slices.Sorted(maps.Keys(answers)) {
		if len(answers) == 1 {
			return answers[aspect]
		}
		words = append(words, aspect+" "+answers[aspect])
	}
	return strings.Join(words, ", ")
}

// nameOf is an ID for a judgement that has none: the same whenever it is imported.
func nameOf(j people.Judgement) string {
	text, err := json.Marshal([]any{j.Question, j.Item, j.Rater, j.Purpose, j.Answers})
	if err != nil {
		panic(err) // texts alone
	}
	sum := sha256.Sum256(text)
	return "import-" + hex.EncodeToString(sum[:])[:32]
}

func spelled(r diag.Range) string {
	if r.Start.Line == 0 {
		return r.File
	}
	return fmt.Sprintf("line %d", r.Start.Line)
}
