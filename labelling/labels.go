package labelling

import (
	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// OfLabels makes labels a question and its judgements, so that a table or a file of them
// can be looked at as what people answered on a page.
func OfLabels(labels []table.Label) (people.Question, []people.Judgement) {
	question := people.Question{Name: "labels", Kind: people.Rate, Aspects: []string{people.Alignment}, Raters: 1, Together: 1}
	judgements := make([]people.Judgement, len(labels))
	for i, label := range labels {
		judgements[i] = people.Judgement{
			Question: question.Name, Item: label.ImageID, Images: []string{label.ImageID},
			Prompt: label.Prompt, Category: label.Category, Rater: label.Rater, Purpose: people.Asked,
			Answers: people.Answers{people.Alignment: label.Label},
		}
	}
	return question, judgements
}
