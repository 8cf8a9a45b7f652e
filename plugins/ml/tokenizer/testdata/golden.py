"""Writes testdata/added.json: tokens that are added to the tokenizer of
models/testdata/tiny-clip, and the ids of texts that have them, by transformers.

Run in the environment of plugins/ml/peers/requirements.txt:  python golden.py
"""

import json
import tempfile
from pathlib import Path

from transformers import AddedToken, CLIPTokenizer

here = Path(__file__).parent
tokenizer = CLIPTokenizer.from_pretrained(here / "../../models/testdata/tiny-clip")
tokenizer.add_tokens([
    "<cat-toy>", "<cat-toy>_1", "<cat-toy>_2", "red ring", AddedToken("Zug", single_word=True), AddedToken("RAW", normalized=False),
])
texts = [
    "a <cat-toy> on a hat", "a<cat-toy>on", "A <CAT-TOY> b", "<cat-toy>_1 <cat-toy>_3", "x  <cat-toy>\n<cat-toy>y",
    "a zug zugs, zug_ zug!", "RAW raw xRAWx", "a Red  Ring here", "<|endoftext|> a <cat-toy>", "two red rings", "no token at all",
]
with tempfile.TemporaryDirectory() as directory:
    tokenizer.save_pretrained(directory)
    added = json.loads((Path(directory) / "tokenizer.json").read_text())["added_tokens"]
(here / "added.json").write_text(json.dumps({
    "added_tokens": added, "cases": [{"text": text, "ids": tokenizer(text).input_ids[1:-1]} for text in texts],
}, indent=1) + "\n")
