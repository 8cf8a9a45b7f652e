package exchange

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/labelling"
)

// Tasks writes items as tasks for Label Studio (JSON), their images within, and returns
// the labelling interface for them. What is answered there comes in again by Read, from
// any of its exports. Nothing in a task says which model made an image; the sides of a
// pair are drawn at random, from the item.
func Tasks(ctx context.Context, w io.Writer, question people.Question, items []people.Item, pictures Pictures) (labellingInterface string, err error) {
	if question.Kind == people.Rank {
		return "", diag.Errorf(diag.Range{}, fmt.Sprintf("%s is no question for Label Studio", question.Name), "Rankings are asked on Plumb's own page: plumb label, or plumb label page.")
	}
	if _, err := io.WriteString(w, "[\n"); err != nil {
		return "", err
	}
	for i, item := range items {
		data := map[string]string{"question": question.Name, "item": item.ID, "prompt": item.Prompt, "category": item.Category}
		shown := item.Images
		names := []string{"image"}
		if question.Kind == people.Compare {
			delete(data, "item") // it says less than its images
			names = []string{left, right}
			if randomOf(question.Name, item.ID).IntN(2) == 1 {
				shown = []string{item.Images[1], item.Images[0]}
			}
			data["left_id"], data["right_id"] = shown[0], shown[1]
		}
		for n, name := range names {
			if data[name], err = address(ctx, pictures, shown[n]); err != nil {
				return "", err
			}
		}
		task, err := json.Marshal(map[string]any{"data": data})
		if err != nil {
			return "", err
		}
		if i > 0 {
			task = append([]byte(",\n"), task...)
		}
		if _, err := w.Write(task); err != nil {
			return "", err
		}
	}
	if _, err := io.WriteString(w, "\n]\n"); err != nil {
		return "", err
	}
	return interfaceOf(question), nil
}

// asks is what is asked about an aspect.
func asks(kind people.Kind, aspect string) string {
	switch {
	case kind == people.Rate && aspect == people.Alignment:
		return "Does the image show what the text says?"
	case kind == people.Rate && aspect == people.Fidelity:
		return "Does the image look real and well made?"
	case kind == people.Rate:
		return "Is the image good in " + aspect + "?"
	case kind == people.Rank && aspect == people.Alignment:
		return "Which image shows best what the text says? Order them."
	case kind == people.Rank && aspect == people.Fidelity:
		return "Which image looks most real and best made? Order them."
	case kind == people.Rank:
		return "Which image is best in " + aspect + "? Order them."
	case aspect == people.Alignment:
		return "Which image shows better what the text says?"
	case aspect == people.Fidelity:
		return "Which image looks more real and better made?"
	}
	return "Which image is better in " + aspect + "?"
}

// interfaceOf is Label Studio's labelling interface for a question: one control for each
// aspect, called as it.
func interfaceOf(question people.Question) string {
	var b strings.Builder
	b.WriteString("<View>\n  <Header value=\"$prompt\"/>\n")
	to := "image"
	words := append(labelling.Words(question.Kind), people.Skip)
	if question.Kind == people.Compare {
		to = left
		words = []string{left, right, people.Tie, people.Skip}
		b.WriteString("  <View style=\"display: flex; gap: 1em\">\n    <Image name=\"left\" value=\"$left\"/>\n    <Image name=\"right\" value=\"$right\"/>\n  </View>\n")
	} else {
		b.WriteString("  <Image name=\"image\" value=\"$image\"/>\n")
	}
	for _, aspect := range question.Aspects {
		fmt.Fprintf(&b, "  <Text name=\"ask_%s\" value=\"%s\"/>\n  <Choices name=\"%s\" toName=\"%s\" choice=\"single\" required=\"true\" showInLine=\"true\">\n", escaped(aspect), escaped(asks(question.Kind, aspect)), escaped(aspect), to)
		for _, word := range words {
			fmt.Fprintf(&b, "    <Choice value=\"%s\"/>\n", word)
		}
		b.WriteString("  </Choices>\n")
	}
	b.WriteString("</View>\n")
	return b.String()
}

func escaped(text string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(text)) // no error of a strings.Builder
	return b.String()
}
