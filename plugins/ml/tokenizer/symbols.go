package tokenizer

// wordEnd marks the last symbol of a word in the vocabulary.
const wordEnd = "</w>"

// symbols is how the vocabulary writes each byte: printable Latin-1 as itself,
// the rest as the code points from 256 on, in the order of the bytes, so that
// no symbol is a space or a control character.
var symbols = func() (table [256]string) {
	next := rune(256)
	for b := range rune(256) {
		if b >= '!' && b <= '~' || b >= '¡' && b <= '¬' || b >= '®' {
			table[b] = string(b)
			continue
		}
		table[b] = string(next)
		next++
	}
	return table
}()
