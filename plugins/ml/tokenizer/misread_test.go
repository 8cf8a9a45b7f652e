package tokenizer

import (
	"strings"
	"testing"
)

// windows1252Of is UTF-8 taken for Windows-1252, latin1Of for Latin-1.
func windows1252Of(text string) string {
	var out strings.Builder
	for _, b := range []byte(text) {
		if r := rune(b); b >= 0x80 && b <= 0x9f {
			out.WriteRune(windows1252[b-0x80])
		} else {
			out.WriteRune(r)
		}
	}
	return out.String()
}

func latin1Of(text string) string {
	var out strings.Builder
	for _, b := range []byte(text) {
		out.WriteRune(rune(b))
	}
	return out.String()
}

// TestMisread: what ftfy 6.3.1 makes of these texts, too (its fix_encoding was
// run on all of them).
func TestMisread(t *testing.T) {
	prompts := []string{
		"a café in Paris at night", "naïve painting of a fiancée", "ein schöner grüner Vogel über der Straße",
		"Größe und Maß", "ein Mädchen, Öl auf Leinwand", "élégante dame à la fenêtre", "voilà le château",
		"garçon mangeant une crêpe à la crème", "un niño con un perro pequeño", "¿qué es esto? ¡un pájaro!",
		"um coração vermelho, não azul", "irmã e avó, pão de açúcar", "SÃO PAULO À NOITE", "žluťoučký kůň",
		"zażółć gęślą jaźń", "Łódź o świcie", "smörgåsbord på bordet", "blå himmel, grøn mark", "Ærø i Danmark",
		"İstanbul'da gün batımı", "“quoted” text — with dashes…", "it’s 5 o’clock", "price €5 or £3, ¥100",
		"90° angle ±5%", "½ cup × 3", "cat 😀 dog 🚀", "L’été à Nîmes", "Œuvre d’art, cœur", "Ça va? Où? Être",
		"ÉLÉGANCE DORÉE", "MÜNCHEN IM HERBST", "naïve — “très” bien", "100 % coton, «guillemets»", "déjà vu • 3 points",
		"el Niño’s café — ‘ok’", "façade of Façonnable®", "Zürich, Genève & Neuchâtel", "phở bò Hà Nội", "Đà Nẵng buổi sáng",
		"красная машина", "Москва зимой", "Ελλάδα το καλοκαίρι",
	}
	for _, prompt := range prompts {
		if got := misread(prompt); got != prompt {
			t.Errorf("%q became %q", prompt, got)
		}
		want := Clean(prompt)
		for how, broken := range map[string]string{
			"as Windows-1252": windows1252Of(prompt), "as Latin-1": latin1Of(prompt), "twice": windows1252Of(windows1252Of(prompt)),
		} {
			if got := Clean(broken); got != want {
				t.Errorf("%q, taken %s (%q), is cleaned to %q", prompt, how, broken, got)
			}
		}
	}
	for text, want := range map[string]string{
		// Right beside wrong.
		"“fine” cafÃ© donâ€™t":            "“fine” café don’t",
		"日本 schÃ¶n Ã¼ber ðŸ˜€":            "日本 schön über 😀",
		"“fine” price â‚¬5 or Â£3, Â¥100": "“fine” price €5 or £3, Â¥100",
		// What may be meant, and what is not plain.
		"ÉCOLE… CAFÉ™ IRMÃ… RÃ’s Ã Â": "ÉCOLE… CAFÉ™ IRMÃ… RÃ’s Ã Â",
		"CAFÃ¥X 3Ã¥": "CAFÃ¥X 3Ã¥",
		"plain":      "plain",
		"":           "",
		"Ã":          "Ã",
		"x â€":       "x â€",
		"ðŸ˜":        "ðŸ˜",
		// ftfy repairs these: see misread.go.
		"å¯¿å\u008f¸ â™¥": "å¯¿å\u008f¸ â™¥",
	} {
		if got := misread(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

// TestMisreadIsQuick: no text takes time out of proportion.
func TestMisreadIsQuick(t *testing.T) {
	long := "日" + strings.Repeat("é日Ã", 100_000) + "Ã©"
	if got := misread(long); !strings.HasSuffix(got, "日Ãé") || len(got) != len(long)-2 {
		t.Errorf("it became %d bytes of %d, ending in %q", len(got), len(long), got[len(got)-8:])
	}
}
