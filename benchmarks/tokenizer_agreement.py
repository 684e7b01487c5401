"""Does the exported tokenizer give the ids of the `tokenizers` library on every text: tokenizer_agreement.py COUNT SEED [FILE]...

Compares the texts of all files (.jsonl, .csv or plain lines) and made ones, COUNT in all, half of them with the default
encoder's vocabulary as it is and half with case and accents kept, and prints how many differ. Exits with 1 if one does.
Another SEED makes other texts.
"""

import os
import sys
import unicodedata
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

BATCH = 4000
LENGTH = 128
# How likely each kind of made text is; see `Maker`.
KINDS = {"words": 0.3, "mixed": 0.3, "anywhere": 0.1, "marked": 0.1, "changed": 0.2}
SPECIAL = [
    "[CLS]",
    "[SEP]",
    "[PAD]",
    "[UNK]",
    "[MASK]",
    "",
    " ",
    "\u200d",
    "\ufeff",
    "\x00",
    "\r\n",
    "\u3000",
    "ß",
    "İ",
]


class Maker:
    """Makes texts that a tokenizer may stumble over.

    Args:
        vocabulary: the tokens; texts are made of their letters.
        real: real texts, of which changed ones are made.
        seed: of what is made.
    """

    def __init__(self, vocabulary, real, seed):
        self.random = np.random.default_rng(seed)
        self.pieces = [token.removeprefix("##") for token in vocabulary]
        self.real = real or self.pieces
        self.marks = [chr(code) for code in range(0x300, 0x20000) if unicodedata.category(chr(code))[0] == "M"]
        self.letters = sorted({letter for piece in self.pieces for letter in piece})

    def texts(self, number):
        """Some texts, of all kinds."""
        kinds = self.random.choice(list(KINDS), size=number, p=list(KINDS.values()))
        return [getattr(self, kind)() for kind in kinds]

    def pick(self, pool, most):
        """Up to so many of a list, with repetitions."""
        return [pool[index] for index in self.random.integers(len(pool), size=self.random.integers(most)).tolist()]

    def words(self):
        """Pieces of the vocabulary, in words of one or several."""
        parts = self.pick(self.pieces, 60)
        spaces = self.random.choice(["", " ", " ", "\t"], size=len(parts)).tolist()
        return "".join(one + space for one, space in zip(parts, spaces, strict=True))

    def mixed(self):
        """Pieces, letters, marks, special tokens and far characters."""
        pool = [self.pick(one, 6) for one in (self.pieces, self.letters, self.marks, SPECIAL)]
        parts = [*sum(pool, []), *(self.anywhere()[:3] for _ in range(2))]
        self.random.shuffle(parts)
        return "".join(parts)

    def anywhere(self):
        """Any characters of Unicode."""
        codes = self.random.integers(0x110000 - 0x800, size=self.random.integers(20))
        return "".join(chr(code + 0x800 * (code >= 0xD800)) for code in codes.tolist())

    def marked(self):
        """Letters with marks, in any order."""
        return "".join([*self.pick(self.letters, 4), *self.pick(self.marks, 8), *self.pick(self.letters, 3)])

    def changed(self):
        """A real text with something put in, turned to upper case, or taken twice."""
        text = self.real[self.random.integers(len(self.real))]
        place = int(self.random.integers(len(text) + 1))
        put = self.mixed()[:8]
        return [text[:place] + put + text[place:], text.upper(), text.title() + put, text + text][
            self.random.integers(4)
        ]


def read(files):
    """All texts of some files."""
    from kerasbert.reading.readers import read_examples

    texts = []
    for file in map(Path, files):
        if file.suffix == ".txt" or not file.suffix:
            texts += file.read_text(encoding="utf-8", errors="replace").splitlines()
        else:
            texts += list(read_examples(file, text_column="text").texts)
    return texts


def tokenizers():
    """The default encoder's tokenizer, and one of the same vocabulary that keeps case and accents."""
    from tokenizers.normalizers import BertNormalizer

    from kerasbert.data import Tokenizer

    uncased = Tokenizer.from_pretrained("all-MiniLM-L6-v2", max_length=LENGTH)
    changed = type(uncased.backend).from_str(uncased.backend.to_str())
    changed.normalizer = BertNormalizer(lowercase=False, strip_accents=False)
    return {"uncased": uncased, "cased": Tokenizer(changed, max_length=LENGTH)}


class Comparison:
    """Both tokenizers side by side: the library as it is, and the ops of an exported graph."""

    def __init__(self, tokens):
        import tensorflow as tf

        from kerasbert.tokenization.graph_tokenizer import GraphTokenizer

        self.library = type(tokens.backend).from_str(tokens.backend.to_str())
        self.library.encode_special_tokens = True
        self.library.enable_truncation(tokens.max_length)
        self.library.enable_padding(pad_id=tokens.pad_id)
        spec = tf.TensorSpec([None], tf.string)
        self.graph = tf.function(GraphTokenizer(tokens).__call__, input_signature=[spec], autograph=False)

    def different(self, texts):
        """The texts for which ids or mask differ."""
        import tensorflow as tf

        rows = self.library.encode_batch_fast(texts)
        got = self.graph(tf.constant([text.encode() for text in texts]))
        wrong = (got["input_ids"].numpy() != np.array([row.ids for row in rows])).any(axis=1)
        wrong |= (got["attention_mask"].numpy() != np.array([row.attention_mask for row in rows])).any(axis=1)
        return [texts[index] for index in np.flatnonzero(wrong)]


def main(count, seed, *files):
    """Compare, print, and return the number of texts that differ."""
    real, total = read(files), 0
    for name, tokens in tokenizers().items():
        maker, comparison = Maker(tokens.backend.get_vocab(), real, int(seed)), Comparison(tokens)
        wrong, done, left = [], 0, list(real)
        while done < int(count) / 2:
            batch, left = left[:BATCH], left[BATCH:]
            batch = batch or maker.texts(BATCH)
            wrong += comparison.different(batch)
            done += len(batch)
        total += len(wrong)
        made = max(done - len(real), 0)
        print(f"{name}: {done:,} texts, {done - made:,} real and {made:,} made: {len(wrong)} different {wrong[:3]}")
    return total


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) > 0)
