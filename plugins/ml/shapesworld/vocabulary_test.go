package shapesworld

import (
	"slices"
	"testing"
)

// TestVocabulary pins the order of the words: it is the order of the inputs of
// models that exist.
func TestVocabulary(t *testing.T) {
	want := []string{
		"one", "two", "three", "red", "orange", "yellow", "green", "blue", "purple",
		"ring", "moon", "triangle", "cross", "heart", "bar", "grass", "sand", "night", "snow",
	}
	if !slices.Equal(Vocabulary, want) {
		t.Errorf("vocabulary %v", Vocabulary)
	}
}

func TestAsk(t *testing.T) {
	for _, test := range []struct {
		prompt  string
		want    Attributes // count, color, object, background; -1 is open
		unknown []string
	}{
		{"", Attributes{-1, -1, -1, -1}, nil},
		{"one red ring on grass", Attributes{0, 0, 0, 0}, nil},
		{"a red ring", Attributes{0, 0, 0, -1}, nil},
		{"an orange bar", Attributes{0, 1, 5, -1}, nil},
		{"two blue moons at night", Attributes{1, 4, 1, 2}, nil},
		{"three purple hearts in snow", Attributes{2, 5, 4, 3}, nil},
		{"three crosses in the snow", Attributes{2, -1, 3, 3}, nil},
		{"two yellow triangles on sand", Attributes{1, 2, 2, 1}, nil},
		{"green bars", Attributes{-1, 3, 5, -1}, nil},
		{"rings", Attributes{-1, -1, 0, -1}, nil},
		{"snow", Attributes{-1, -1, -1, 3}, nil},
		{"  Two  RED Rings, on Grass. ", Attributes{1, 0, 0, 0}, nil},
		{"\"three\" 'red' crosses!?", Attributes{2, 0, 3, -1}, nil},
		{"a photo of two red dogs", Attributes{1, 0, -1, -1}, []string{"photo", "of", "dogs"}},
		{"four rings", Attributes{-1, -1, 0, -1}, []string{"four"}},
		{"dresses", Attributes{-1, -1, -1, -1}, []string{"dresses"}},
		{"reddish", Attributes{-1, -1, -1, -1}, []string{"reddish"}},
		{". , !", Attributes{-1, -1, -1, -1}, nil},
		{"two или ★ crosses", Attributes{1, -1, 3, -1}, []string{"или", "★"}},
	} {
		if got := Ask(test.prompt); got != test.want {
			t.Errorf("%q asks for %+v, want %+v", test.prompt, got, test.want)
		}
		if _, unknown := Words(test.prompt); !slices.Equal(unknown, test.unknown) {
			t.Errorf("%q: unknown words %q, want %q", test.prompt, unknown, test.unknown)
		}
	}
}

// TestAskReadsEveryPrompt: a prompt made of four words of the world is read
// back as these four.
func TestAskReadsEveryPrompt(t *testing.T) {
	for count, a := range Counts {
		for color, b := range Colors {
			for object, c := range Objects {
				for background, d := range Backgrounds {
					plural := map[bool]string{true: "s"}[count > 0]
					if c == "cross" && count > 0 {
						plural = "es"
					}
					prompt := a + " " + b + " " + c + plural + " " + d
					if got, want := Ask(prompt), (Attributes{count, color, object, background}); got != want {
						t.Errorf("%q asks for %+v, want %+v", prompt, got, want)
					}
					indices, unknown := Words(prompt)
					if len(indices) != 4 || len(unknown) != 0 {
						t.Errorf("%q: %d known and %v unknown words", prompt, len(indices), unknown)
					}
				}
			}
		}
	}
}
