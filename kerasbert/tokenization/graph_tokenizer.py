"""A tokenizer of TensorFlow core ops: strings in, padded token ids out, the same ids that `Tokenizer` gives."""

import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import tensorflow as tf

from kerasbert._core.errors import ConfigError, DataError
from kerasbert.tokenization.long_texts import HEAD_SHARE
from kerasbert.tokenization.normalizer_table import (
    CODE_POINTS,
    LETTER,
    PUNCTUATION,
    SPACE,
    code_points,
    normalizer_table,
)
from kerasbert.tokenization.token_arrays import TemplatePart, flatten, offsets_of
from kerasbert.tokenization.wordpiece_table import (
    BOUNDARY,
    NOTHING,
    PAIR,
    UNKNOWN_CHARACTER,
    PieceTable,
    encode_word,
    piece_table,
)

if TYPE_CHECKING:
    from kerasbert.tokenization.tokenizer import Tokenizer

# One number holds what the graph knows of a normalised character: its code, its kind, its rank as a mark.
CODE_BITS, KIND_BITS = 21, 2
CODE_MASK, KIND_MASK = (1 << CODE_BITS) - 1, (1 << KIND_BITS) - 1
RANK_SHIFT = CODE_BITS + KIND_BITS
MAXIMUM_RANK = (1 << (31 - RANK_SHIFT)) - 1

OTHER_FORMATS = "--format onnx or huggingface, which take token ids"
MOST_SHOWN = 5

# Rows of the table of characters: what vanishes, and what vanishes but stops the sorting of marks.
EMPTY_ROW, BREAK_ROW = 0, 1


class CharacterTable(NamedTuple):
    """Normalisation as arrays.

    Args:
        rows: int32 (0x110000,), row of each code point.
        splits: int64 (r + 1,); row i is `values[splits[i] : splits[i + 1]]`.
        values: int32, the packed characters of all rows.
        sorts_marks: whether some marks must be sorted.
    """

    rows: np.ndarray
    splits: np.ndarray
    values: np.ndarray
    sorts_marks: bool


class GraphTokenizer(tf.Module):
    """A BERT WordPiece tokenizer of core TensorFlow ops, which a SavedModel can hold.

    The ids equal those of `Tokenizer.encode` on every text; bytes that are no UTF-8 are read as U+FFFD first. No file
    is read when it runs: vocabulary and tables are constants.

    Args:
        tokens: the tokenizer; its `max_length` is where texts are cut.
        pads_to_max_length: whether every batch is as long as `max_length`.

    Call arguments:
        texts: string (batch,), UTF-8; batch may be 0.

    Returns:
        Dict of int32 (batch, length), the length of the longest text: `input_ids`, `attention_mask` and
        `token_type_ids`; padding stands on the right.

    Raises:
        ConfigError: when the tokenizer is not WordPiece with BERT's normaliser, has added tokens, or reads special tokens
            in texts, or long texts become windows.
        DataError: when it is called with anything but one axis of strings.

    Example:
        >>> from kerasbert.tokenization.tokenizer import Tokenizer
        >>> graph_tokenizer = GraphTokenizer(Tokenizer.from_pretrained("all-MiniLM-L6-v2"))
        >>> graph_tokenizer(tf.constant(["hello world", ""]))["input_ids"].numpy().tolist()
        [[101, 7592, 2088, 102], [101, 102, 0, 0]]

    Reference:
        Karp, Miller, Rosenberg, "Rapid identification of repeated patterns", 1972, for names of stretches.
    """

    def __init__(self, tokens: "Tokenizer", *, pads_to_max_length: bool = False) -> None:
        super().__init__(name="tokenizer")
        tokenizer = tokens.backend
        check_exportable(tokens, "A tokenizer in a graph", "or tokenise outside of it, with Tokenizer.encode")
        if tokens.long_texts.way == "windows":
            raise ConfigError(
                "`long_texts` must not be 'windows': in a graph each text is one row of tokens. Use long_texts='truncate' or "
                "'head_tail'."
            )
        self._pads_to_max_length = pads_to_max_length
        self._prompt = tokens.prompt
        self._keeps_tail = tokens.long_texts.way == "head_tail"
        # By id: the library gives another order in every process.
        vocabulary = dict(sorted(tokenizer.get_vocab(with_added_tokens=False).items(), key=lambda item: item[1]))
        model = tokenizer.model
        self._pieces = piece_table(vocabulary, model.continuing_subword_prefix)
        self._characters = character_table(tokenizer, self._pieces)
        self._unknown = int(vocabulary[model.unk_token])
        self._longest_word = int(model.max_input_chars_per_word)
        self._template, self._pad_id = tokens.template, tokens.pad_id
        self._room = tokens.max_length - sum(part.text is None for part in tokens.template)
        # A special token that a text spells is unknown, as in `Tokenizer`.
        self._allowed = np.where(tokens.reserved, self._unknown, np.arange(tokens.vocabulary_size))
        self._words = _hash_table(
            [encode_word(token, self._pieces.codes) for token in vocabulary],
            self._allowed[list(vocabulary.values())],
            default=-1,
        )
        self._pairs = _hash_table(self._pieces.keys, self._pieces.values, default=NOTHING)
        self._piece_ids = self._allowed[self._pieces.ids]

    @tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]
    def __call__(self, texts: Any) -> dict[str, Any]:
        texts = tf.convert_to_tensor(texts)
        if texts.dtype != tf.string or texts.shape.rank not in (1, None):
            raise DataError(
                f"`texts` must be strings of shape (batch,); got {texts.dtype.name} of shape {texts.shape}. Of a tf.data set "
                f"take batches: texts.batch(32).map(...)."
            )
        texts = tf.ensure_shape(texts, [None])
        characters, character_splits = self._normalise(texts)
        codes, word_splits, words_per_text = _split_words(characters, character_splits)
        some = _outer_words if self._keeps_tail else _first_words
        codes, word_splits, words_per_text = some(codes, word_splits, words_per_text, self._room)
        ids, id_splits = self._piece_ids_of(codes, word_splits)
        splits = tf.gather(id_splits, words_per_text)
        return self._assemble(*(_head_and_tail(ids, splits, self._room) if self._keeps_tail else (ids, splits)))

    def _normalise(self, texts: Any) -> tuple[Any, Any]:
        """Return packed characters of all texts, (c,), and where each text starts, (batch + 1,)."""
        # The space makes sure that no word goes on into the next text.
        splits, code_points = _decode(tf.strings.join([self._prompt, texts, " "]))
        rows = tf.gather(tf.constant(self._characters.rows), code_points)
        row_splits, characters = _gather_rows(self._characters.splits, self._characters.values, rows)
        if self._characters.sorts_marks:
            is_sorted = tf.reduce_all(characters < 1 << RANK_SHIFT)
            characters = tf.cond(is_sorted, lambda: characters, lambda: _sort_marks(characters, row_splits, rows))
        return characters, tf.gather(row_splits, splits)

    def _piece_ids_of(self, codes: Any, word_splits: Any) -> tuple[Any, Any]:
        """Return ids of the pieces of w words, (p,), and where those of each word start, (w + 1,)."""
        words = _encode(codes, word_splits)
        whole = self._words.lookup(words)
        is_short = word_splits[1:] - word_splits[:-1] <= self._longest_word
        in_parts = tf.where((whole < 0) & is_short)  # (m, 1)
        distinct, place = tf.unique(tf.gather_nd(words, in_parts), out_idx=tf.int64)
        ids, id_splits, is_bad = self._split_pieces(distinct)
        # Each word is a row of a ragged table: first those of one id for each word, then those of the words in parts.
        num_words = tf.size(words, out_type=tf.int64)
        own = tf.range(num_words)
        parts = tf.where(tf.gather(is_bad, place), in_parts[:, 0], num_words + place)
        rows = tf.tensor_scatter_nd_update(own, in_parts, parts)
        whole = tf.where(whole < 0, tf.constant(self._unknown, tf.int64), whole)
        splits, all_ids = _gather_rows(tf.concat([own, num_words + id_splits], 0), tf.concat([whole, ids], 0), rows)
        return all_ids, splits

    def _split_pieces(self, words: Any) -> tuple[Any, Any, Any]:
        """Return piece ids of w words, (p,), where those of each word start, (w + 1,), and which words have none, (w,)."""
        splits, codes = _decode(tf.strings.join([words, chr(BOUNDARY)]))
        codes = tf.cast(codes, tf.int64)
        starts = splits[:-1, tf.newaxis]
        # The longest piece of every place, whether a piece begins there or not; which do is found by following them.
        length, number = self._longest_pieces(codes, starts)  # (n,), (n,)
        size = tf.size(codes, out_type=tf.int64)
        is_start = tf.scatter_nd(starts, tf.ones_like(splits[:-1]), [size + 1])
        following = tf.where(length > 0, tf.range(size) + length, size)
        is_reached = _follow(is_start, tf.concat([following, size[tf.newaxis]], 0), self._longest_word)[:-1]
        is_piece = is_reached & (codes != BOUNDARY)
        pieces_before = _cumulative(is_piece & (length > 0))
        failures_before = _cumulative(is_piece & (length == 0))
        failures = tf.gather(failures_before, splits)
        ids = tf.boolean_mask(number, is_piece & (length > 0))
        return ids, tf.gather(pieces_before, splits), failures[1:] > failures[:-1]

    def _longest_pieces(self, codes: Any, starts: Any) -> tuple[Any, Any]:
        """Return length and id of the longest piece at each place, (n,), (n,); length 0 for none."""
        table = self._pieces
        levels = range(table.num_levels)
        # Behind the end there are boundaries, so that every stretch and step stays inside.
        names = [tf.pad(codes, [[0, 4 << table.num_levels]], constant_values=BOUNDARY)]
        for level in levels[:-1]:
            names.append(self._pairs.lookup(names[-1][: -(1 << level)] * PAIR + names[-1][1 << level :]))
        place = tf.range(tf.size(codes, out_type=tf.int64))
        node = tf.fill(tf.shape(codes), tf.constant(table.middle, tf.int64))
        node = tf.tensor_scatter_nd_update(
            node, starts, tf.fill(tf.shape(starts)[:1], tf.constant(table.start, tf.int64))
        )
        # Binary descent: of 2 ** level characters at a time, go on from a node wherever the vocabulary does.
        for level in reversed(levels):
            below = self._pairs.lookup(node * PAIR + tf.gather(names[level], place))
            is_found = below != NOTHING
            node = tf.where(is_found, below, node)
            place = tf.where(is_found, place + (1 << level), place)
        return tf.gather(tf.constant(table.lengths), node), tf.gather(tf.constant(self._piece_ids), node)

    def _assemble(self, ids: Any, splits: Any) -> dict[str, Any]:
        lengths = tf.minimum(splits[1:] - splits[:-1], self._room)  # (batch,)
        width = tf.constant(self._room, tf.int64) if self._pads_to_max_length else tf.maximum(tf.reduce_max(lengths), 0)
        text_ids = tf.raw_ops.RaggedTensorToTensor(
            shape=tf.stack([-1, width]),
            values=ids,
            default_value=tf.constant(0, tf.int64),
            row_partition_tensors=[splits],
            row_partition_types=["ROW_SPLITS"],
        )
        before = [part for part in self._template[: _text_place(self._template)]]
        after = [part for part in self._template[_text_place(self._template) + 1 :]]
        paddings = [[0, 0], [len(before), len(after)]]
        place = tf.range(width + len(self._template) - 1)[tf.newaxis] - len(before)  # (1, length), 0 at the text
        end = lengths[:, tf.newaxis]
        is_token = place < end + len(after)
        type_of_text = self._template[_text_place(self._template)].type_id
        input_ids, types = tf.pad(text_ids, paddings), tf.where(is_token, tf.constant(type_of_text, tf.int64), 0)
        for index, part in enumerate(before):
            input_ids = tf.where(place == index - len(before), tf.constant(part.token, tf.int64), input_ids)
            types = tf.where(place == index - len(before), tf.constant(part.type_id, tf.int64), types)
        for index, part in enumerate(after):
            input_ids = tf.where(place == end + index, tf.constant(part.token, tf.int64), input_ids)
            types = tf.where(place == end + index, tf.constant(part.type_id, tf.int64), types)
        input_ids = tf.where(is_token, input_ids, tf.constant(self._pad_id, tf.int64))
        return {
            "input_ids": tf.cast(input_ids, tf.int32),
            "attention_mask": tf.cast(is_token, tf.int32),
            "token_type_ids": tf.cast(types, tf.int32),
        }


def check_exportable(
    tokens: "Tokenizer", artefact: str = "The SavedModel", instead: str = f"or export with {OTHER_FORMATS}"
) -> None:
    """Raise a ConfigError for a tokenizer that the graph could not reproduce.

    Args:
        tokens: the tokenizer.
        artefact: what it was for, named in the message.
        instead: what else can be done.
    """
    tokenizer = tokens.backend
    kind = type(tokenizer.model).__name__
    if kind != "WordPiece":
        raise ConfigError(
            f"{artefact} takes raw text for WordPiece tokenizers (BERT, DistilBERT, ELECTRA, MiniLM); this one is "
            f"{kind}. Choose such an encoder, {instead}."
        )
    if tokenizer.model.unk_token not in tokenizer.get_vocab(with_added_tokens=False):
        raise ConfigError(f"The vocabulary lacks its unknown token {tokenizer.model.unk_token!r}.")
    added = tokens.added_tokens
    if added:
        shown = ", ".join(map(repr, added[:MOST_SHOWN])) + (", ..." if len(added) > MOST_SHOWN else "")
        raise ConfigError(
            f"{artefact} takes raw text for tokenizers without added tokens; this one has {len(added)}, which are cut out "
            f"of a text before it is split: {shown}. Take another tokenizer, {instead}."
        )
    if not tokens.split_special_tokens:
        raise ConfigError(
            f"{artefact} keeps a special token that a text spells as text, and this tokenizer reads it as the token "
            f"(split_special_tokens=False). Load it with split_special_tokens=True, {instead}."
        )


def character_table(tokenizer: Any, pieces: PieceTable) -> CharacterTable:
    """Build the table of a normaliser (of a `tokenizers.Tokenizer`) in the codes of its vocabulary."""
    table = normalizer_table(tokenizer)
    codes = np.full(CODE_POINTS, UNKNOWN_CHARACTER, dtype=np.int32)
    codes[[ord(character) for character in pieces.codes]] = list(pieces.codes.values())
    packed = codes | table.kinds.astype(np.int32) << CODE_BITS
    # Nearly all characters become one or none; only the others need a row of their own to be looked at.
    lengths = np.fromiter(map(len, table.outputs), dtype=np.int32, count=CODE_POINTS)
    is_single = lengths == 1
    is_single[[*table.ranks, *table.breaks]] = False
    singles = code_points("".join(itertools.compress(table.outputs, is_single)))
    contents, places = np.unique(packed[singles], return_inverse=True)
    others: dict[tuple[int, ...], int] = {(): EMPTY_ROW}
    rows = np.full(CODE_POINTS, EMPTY_ROW, dtype=np.int32)
    for code in np.flatnonzero(~is_single & (lengths > 0)).tolist():
        values = packed[code_points(table.outputs[code])]
        ranks = np.array(table.ranks.get(code, 0), dtype=np.int32)
        rows[code] = others.setdefault(tuple((values | ranks << RANK_SHIFT).tolist()), len(others) + 1)
    rows[list(table.breaks)] = BREAK_ROW
    rows[is_single] = places + len(others) + 1
    lists = [(), *others, *contents[:, np.newaxis].tolist()]
    return CharacterTable(rows, offsets_of([len(row) for row in lists]), flatten(lists), bool(table.ranks))


def _hash_table(keys: Any, values: Any, default: int) -> Any:
    kind = tf.string if isinstance(keys, list) else tf.int64
    initializer = tf.lookup.KeyValueTensorInitializer(tf.constant(keys, kind), tf.constant(values, tf.int64))
    return tf.lookup.StaticHashTable(initializer, default_value=default)


def _decode(texts: Any) -> tuple[Any, Any]:
    """Return where each text starts, and its code points; bytes that are no UTF-8 become U+FFFD."""
    decoded = tf.strings.unicode_decode(texts, "UTF-8", errors="replace")
    return decoded.row_splits, decoded.values


def _encode(codes: Any, splits: Any) -> Any:
    return tf.raw_ops.UnicodeEncode(input_values=codes, input_splits=splits, output_encoding="UTF-8", errors="replace")


def _gather_rows(splits: Any, values: Any, rows: Any) -> tuple[Any, Any]:
    """Gather rows of a ragged table: where each starts, and the values."""
    gathered = tf.raw_ops.RaggedGather(
        params_nested_splits=[tf.convert_to_tensor(splits)],
        params_dense_values=tf.convert_to_tensor(values),
        indices=rows,
        OUTPUT_RAGGED_RANK=1,
    )
    return gathered.output_nested_splits[0], gathered.output_dense_values


def _sort_marks(characters: Any, row_splits: Any, rows: Any) -> Any:
    """Sort the marks after a letter by their ranks, as decomposition does; equal ranks stay as they came."""
    rank = tf.cast(tf.bitwise.right_shift(characters, RANK_SHIFT), tf.int64)
    own_breaks = _cumulative(tf.equal(rank, 0))[1:]
    # A character that vanished still parts the marks before it from those behind.
    lost_breaks = tf.repeat(_cumulative(tf.equal(rows, BREAK_ROW))[1:], row_splits[1:] - row_splits[:-1])
    order = tf.argsort((own_breaks + lost_breaks) * (MAXIMUM_RANK + 1) + rank, stable=True)
    return tf.bitwise.bitwise_and(tf.gather(characters, order), (1 << RANK_SHIFT) - 1)


def _split_words(characters: Any, splits: Any) -> tuple[Any, Any, Any]:
    """Return codes of the characters of all w words, where each word starts, and the words before each text."""
    kind = tf.bitwise.bitwise_and(tf.bitwise.right_shift(characters, CODE_BITS), KIND_MASK)
    is_kept = kind != SPACE
    is_after_letter = tf.concat([[False], kind[:-1] == LETTER], 0)
    is_start = is_kept & ((kind == PUNCTUATION) | ~is_after_letter)
    words_before = tf.gather(_cumulative(is_start), splits)
    kept_start = tf.boolean_mask(is_start, is_kept)
    starts = tf.where(kept_start)[:, 0]
    word_splits = tf.concat([starts, tf.shape(kept_start, out_type=tf.int64)], 0)
    return tf.boolean_mask(tf.bitwise.bitwise_and(characters, CODE_MASK), is_kept), word_splits, words_before


def _first_words(codes: Any, word_splits: Any, words_before: Any, limit: int) -> tuple[Any, Any, Any]:
    """Keep the first words of each text: every word is a token at least, so the others cannot matter."""
    first = words_before[:-1]
    last = tf.minimum(words_before[1:], first + limit)
    kept = tf.raw_ops.RaggedRange(starts=first, limits=last, deltas=tf.constant(1, tf.int64), Tsplits=tf.int64)
    splits, kept_codes = _gather_rows(word_splits, codes, kept.rt_dense_values)
    return kept_codes, splits, kept.rt_nested_splits


def _outer_words(codes: Any, word_splits: Any, words_before: Any, limit: int) -> tuple[Any, Any, Any]:
    """Keep the first and the last words of each text, which are all that matter when its beginning and end are kept."""
    first, last = words_before[:-1], words_before[1:]
    head_end = tf.minimum(last, first + limit)
    starts = tf.reshape(tf.stack([first, tf.maximum(head_end, last - limit)], axis=1), [-1])
    limits = tf.reshape(tf.stack([head_end, last], axis=1), [-1])
    kept = tf.raw_ops.RaggedRange(starts=starts, limits=limits, deltas=tf.constant(1, tf.int64), Tsplits=tf.int64)
    splits, kept_codes = _gather_rows(word_splits, codes, kept.rt_dense_values)
    return kept_codes, splits, kept.rt_nested_splits[::2]


def _head_and_tail(ids: Any, splits: Any, room: int) -> tuple[Any, Any]:
    """Keep beginning and end of texts with more than `room` tokens, as `LongTexts("head_tail")` does."""
    starts, ends = splits[:-1], splits[1:]
    head, is_long = int(room * HEAD_SHARE), ends - starts > room
    parts = [(starts, tf.where(is_long, starts + head, ends)), (tf.where(is_long, ends - (room - head), ends), ends)]
    first, last = (tf.reshape(tf.stack(places, axis=1), [-1]) for places in zip(*parts, strict=True))
    kept = tf.raw_ops.RaggedRange(starts=first, limits=last, deltas=tf.constant(1, tf.int64), Tsplits=tf.int64)
    return tf.gather(ids, kept.rt_dense_values), kept.rt_nested_splits[::2]


def _cumulative(flags: Any) -> Any:
    """Count the flags that are set before each place, and in all: int64 (n + 1,)."""
    return tf.pad(tf.cumsum(tf.cast(flags, tf.int64)), [[1, 0]])


def _follow(is_start: Any, following: Any, longest: int) -> Any:
    """Mark the places reached from the starts by going from place to place, in rounds that double the steps."""
    # Pointer doubling: after k rounds `following` leads over 2 ** k pieces, and all places up to there are marked, so that a
    # word of at most `longest` characters, a piece each, takes log2 rounds instead of a loop over its pieces.
    reached, size = is_start, tf.size(is_start)
    for _ in range(max(1, (longest - 1).bit_length())):
        reached = tf.maximum(reached, tf.math.unsorted_segment_max(reached, following, size))
        following = tf.gather(following, following)
    return reached > 0


def _text_place(template: list[TemplatePart]) -> int:
    return next(index for index, part in enumerate(template) if part.text is not None)
