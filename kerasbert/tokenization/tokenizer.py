"""Texts in, token ids out: the tokenizer of a checkpoint, without its traps.

A tokenizer file may bring a truncation and a padding of its own, and reads `[SEP]` in a user's text as the real
separator. Both are taken away here: the length is the caller's, and a special token is put in by the `Tokenizer` alone,
unless `split_special_tokens=False` asks for the other.
"""

import copy
import dataclasses
import hashlib
import os
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from kerasbert._core.checks import check_bool, check_int, check_texts, half_surrogate, shorten, suggest_keywords
from kerasbert._core.display import brief_call
from kerasbert._core.errors import ConfigError, DataError, KerasbertWarning
from kerasbert._core.sentence_folders import read_sentence_folder, tell_defaults
from kerasbert.tokenization.added_tokens import protect
from kerasbert.tokenization.augmentation import CONTINUES, SPECIAL, STARTS, Augmentation
from kerasbert.tokenization.call_forms import (
    MAX_LENGTH,
    NONE,
    as_tensors,
    check_tensors,
    padding_of,
    truncation_of,
)
from kerasbert.tokenization.decoding import one_row, rows_of
from kerasbert.tokenization.long_texts import LongTexts, WindowArrays, cut_windows, head_and_tail
from kerasbert.tokenization.token_arrays import TemplatePart, TokenArrays, assemble, flatten, offsets_of, template_of
from kerasbert.tokenization.tokenizer_files import (
    continuation_of,
    load_tokenizer,
    said_of_prompt,
    said_of_special_tokens,
    save_tokenizer,
    special_token_names,
    tokenizer_errors,
)
from kerasbert.tokenization.tokenizer_settings import (
    DEFAULT_MAX_LENGTH,
    MINIMUM_MAX_LENGTH,
    usual_length,
    warn_of_cut_side,
)

if TYPE_CHECKING:
    from tokenizers import Tokenizer as FastTokenizer

# Texts are encoded in chunks, so that the tokenizer's own objects never exist for all of them at once.
CHUNK_TEXTS = 4096
CHUNK_CHARACTERS = 4_000_000


class Tokenizer:
    """Texts to token ids, with the tokenizer of a checkpoint.

    The standard special tokens (padding, unknown, first, separator, mask) stay text where a text spells them: `[SEP]` in a
    message gives the pieces of `[`, `sep` and `]`. Tokens that were added to the vocabulary, `[USER]` or `covid`, are
    found, whether they were added as special ones or not. An empty text, or one of white space alone, gives the special
    tokens with nothing between them. A text over `max_length` is cut at its end; of a pair, the longer text is cut first,
    and all special tokens are kept.

    Args:
        tokenizer: a `tokenizers.Tokenizer`; a copy is used, without its truncation and padding.
        max_length: most tokens of a text or a pair, special tokens included, >= 3.
        special_tokens: role (`"pad_token"`, `"unk_token"`, ...) -> token, for what the usual names do not tell.
        long_texts: what becomes of a text over `max_length`; None cuts its end.
        split_special_tokens: whether a standard special token that a text spells stays text; False reads it as the
            token, as transformers does by default.
        prompt: put in front of each text, of a pair in front of the first one, before it is tokenized, such as
            `"query: "`. Of a text in windows the first window begins with it.

    Attributes:
        backend: the tokenizer of the `tokenizers` library that does the work.
        template: a single text and the special tokens around it.
        reserved: which ids are special tokens that stay text where a text spells them, bool (vocabulary_size,).

    Raises:
        ConfigError: when `max_length` is below 3 or the tokenizer has no padding token.
        TypeError: when `max_length` is no integer, `split_special_tokens` no bool or `prompt` no text.

    Example:
        >>> tokenizer = Tokenizer.from_folder("no/such/folder")
        Traceback (most recent call last):
        ...
        kerasbert._core.errors.ConfigError: 'no/such/folder' is not a folder; give one that holds a tokenizer.
    """

    def __init__(
        self,
        tokenizer: "FastTokenizer",
        *,
        max_length: int = DEFAULT_MAX_LENGTH,
        special_tokens: dict[str, str] | None = None,
        long_texts: LongTexts | None = None,
        split_special_tokens: bool = True,
        prompt: str = "",
    ) -> None:
        self.long_texts = long_texts or LongTexts()
        self.max_length = check_int("max_length", max_length, MINIMUM_MAX_LENGTH, why="[CLS], one token and [SEP]")
        self.split_special_tokens = check_bool("split_special_tokens", split_special_tokens)
        self.prompt = _checked_texts("prompt", [prompt])[0]
        self._names = special_token_names(tokenizer, special_tokens or {})
        if "pad_token" not in self._names:
            raise ConfigError("The tokenizer has no padding token; name one as 'pad_token' in tokenizer_config.json.")
        probe = tokenizer.encode("a", "a")
        around = [token for token, text in zip(probe.tokens, probe.sequence_ids, strict=True) if text is None]
        self.backend = protect(tokenizer, {*self._names.values(), *around})
        self.backend.no_truncation()
        self.backend.no_padding()
        # Spelled in a text, these are tokens to the tokenizer's own library; told once, and emptied then.
        self._untold: set[str] = set()
        self.pad_id = int(self.backend.token_to_id(self._names["pad_token"]) or 0)
        # Not the number of tokens: a vocabulary may leave ids out.
        self.vocabulary_size: int = max(self.backend.get_vocab(with_added_tokens=True).values()) + 1
        self.reserved = self._reserved_ids()
        self.template = template_of(self.backend.encode("a"))
        self._pair_template = template_of(self.backend.encode("a", "a"))

    def __repr__(self) -> str:
        return brief_call(self, {"vocabulary_size": self.vocabulary_size, "max_length": self.max_length})

    @classmethod
    def from_pretrained(
        cls,
        name_or_folder: str | os.PathLike[str],
        *,
        max_length: int | None = None,
        long_texts: LongTexts | None = None,
        split_special_tokens: bool | None = None,
        prompt: str | None = None,
        revision: str | None = None,
        cache_dir: str | os.PathLike[str] | None = None,
        token: str | None = None,
        local_files_only: bool = False,
    ) -> Self:
        """Load the tokenizer of an encoder by its name or folder; see `from_folder`.

        Args:
            name_or_folder: such as `"all-MiniLM-L6-v2"`.
            max_length: longest result in tokens; None as in `from_folder`.
            long_texts: see `from_folder`.
            split_special_tokens: see `from_folder`.
            prompt: see `from_folder`.
            revision: branch, tag or commit on the hub; None: the newest. Refused with a folder.
            cache_dir: where downloads are kept; None: Hugging Face's own place.
            token: of an account on the hub, for models that are not public.
            local_files_only: whether nothing is downloaded.

        Returns:
            The tokenizer.

        Raises:
            ConfigError: when it cannot be found or read.
        """
        from kerasbert._core.encoder_folders import HubOptions, resolve_encoder

        hub = HubOptions(revision, cache_dir, token, check_bool("local_files_only", local_files_only))
        return cls.from_folder(
            resolve_encoder(name_or_folder, hub),
            max_length=max_length,
            long_texts=long_texts,
            split_special_tokens=split_special_tokens,
            prompt=prompt,
        )

    @classmethod
    def from_folder(
        cls,
        folder: str | os.PathLike[str],
        *,
        max_length: int | None = None,
        long_texts: LongTexts | None = None,
        split_special_tokens: bool | None = None,
        prompt: str | None = None,
    ) -> Self:
        """Load the tokenizer of a checkpoint or a saved classifier; needs no network.

        `tokenizer.json` is read if there is one; else a WordPiece vocabulary from `vocab.txt`, or a byte-level one from
        `vocab.json` and `merges.txt`; anything else is left to transformers. Tokens that were added are read from
        `tokenizer.json`, `tokenizer_config.json`, `added_tokens.json` and `special_tokens_map.json`. What a folder of
        sentence-transformers gives as defaults is said in one line on standard error.

        Args:
            folder: that holds the tokenizer's files.
            max_length: most tokens of a text, >= 3; None: the `max_seq_length` of a folder of sentence-transformers; else
                128 (`DEFAULT_MAX_LENGTH`) or, where it is smaller, the `model_max_length` of `tokenizer_config.json`. Never
                more than the positions of the encoder in `config.json`.
            long_texts: what becomes of a text over `max_length`; None cuts its end.
            split_special_tokens: whether a standard special token that a text spells stays text. None: what
                `tokenizer_config.json` says under this name; where it says nothing, True, and the first text that
                spells one is warned of, since transformers would read it as the token.
            prompt: text put in front of each text, or the name of a prompt of a folder of sentence-transformers; `""`: none.
                None: the one that the folder was saved with or names as its default, if any.

        Returns:
            The tokenizer.

        Raises:
            ConfigError: when a file is missing, malformed or contradicts another; the message names file and line.
            TypeError: when `max_length` is no integer, `split_special_tokens` no bool or `prompt` no text.

        Example:
            >>> Tokenizer.from_folder("checkpoints/bert", max_length=64)  # doctest: +SKIP
        """
        tokenizer, settings = load_tokenizer(Path(folder))
        warn_of_cut_side(folder, settings)
        taken: dict[str, Any] = {}
        if max_length is None:
            max_length = taken["max_length"] = usual_length(folder, settings)
        if prompt is None:
            prompt = said_of_prompt(Path(folder), settings)
        known = read_sentence_folder(folder)
        if prompt is None:
            taken["prompt"] = known.prompt_of(None)
        if known.max_length is not None or taken.get("prompt"):
            tell_defaults(known, **taken)
        said = said_of_special_tokens(Path(folder), settings) if split_special_tokens is None else split_special_tokens
        made = cls(
            tokenizer,
            max_length=max_length,
            special_tokens=settings,
            long_texts=long_texts,
            split_special_tokens=True if said is None else said,
            prompt=known.prompt_of(prompt),
        )
        if said is None:
            made.warn_of_special_tokens()
        return made

    @suggest_keywords
    def __call__(
        self,
        texts: str | Sequence[str],
        text_pairs: str | Sequence[str] | None = None,
        *,
        padding: bool | str = True,
        truncation: bool | str = True,
        max_length: int | None = None,
        return_tensors: str | None = "np",
    ) -> dict[str, Any]:
        """A few texts as one batch, as the tokenizers of transformers give it; `encode` is for many.

        Args:
            texts: n texts, or one.
            text_pairs: n second texts; None: single texts.
            padding: True pads to the longest text, `"max_length"` to a fixed length; False pads nothing, for lists alone.
            truncation: whether texts over the length are cut; False keeps them whole, also beyond what an encoder reads.
            max_length: length in tokens, >= 3, in the place of the tokenizer's own.
            return_tensors: `"np"`, `"tf"` (TensorFlow), `"pt"` (PyTorch) or None for lists; one text alone then gives one
                list.

        Returns:
            `input_ids`, `attention_mask` and `token_type_ids`, int32 (n, length), int64 for PyTorch.

        Raises:
            ConfigError: when an argument is none of these, or `padding` and `return_tensors` do not go together.
            TypeError: when there is no such argument, or `texts` are no texts.

        Example:
            >>> tokenizer("hello world")["input_ids"].tolist()  # doctest: +SKIP
            [[101, 7592, 2088, 102]]
            >>> tokenizer("hello", padding="max_length", max_length=5)["input_ids"].tolist()  # doctest: +SKIP
            [[101, 7592, 102, 0, 0]]
        """
        way, sized = padding_of(padding), copy.copy(self)
        check_tensors(return_tensors, way)
        if max_length is not None:
            sized.max_length = check_int("max_length", max_length, MINIMUM_MAX_LENGTH, why="[CLS], one token and [SEP]")
        length = sized.max_length if way == MAX_LENGTH else 0
        if not truncation_of(truncation):
            sized = sized._uncut()
        listed = [[part] if isinstance(part, str) else part for part in (texts, text_pairs)]
        encoded: TokenArrays = sized.encode(*listed)  # type: ignore[arg-type]
        if return_tensors is not None:
            return as_tensors(encoded.padded(self.pad_id, length), return_tensors)
        if way != NONE:
            rows = {name: array.tolist() for name, array in encoded.padded(self.pad_id, length).items()}
        else:
            rows = encoded.lists()
        return {name: row[0] for name, row in rows.items()} if isinstance(texts, str) else rows

    def __len__(self) -> int:
        """How many rows an embedding table needs for its ids."""
        return self.vocabulary_size

    def decode(self, ids: Any, *, skip_special_tokens: bool = False) -> str:
        """The text of token ids, as far as they tell it: what the normaliser took away, such as case, stays lost.

        Args:
            ids: of one text, a list, or an array or tensor of one axis.
            skip_special_tokens: whether padding, first token and separator are left out.

        Returns:
            The text.

        Raises:
            DataError: when an id is none of the vocabulary.
            TypeError: when they are no integers or not in one row.

        Example:
            >>> tokenizer.decode([101, 7592, 2088, 102], skip_special_tokens=True)  # doctest: +SKIP
            'hello world'
        """
        row = one_row(ids, self.vocabulary_size)
        return str(self.backend.decode(row, skip_special_tokens=check_bool("skip_special_tokens", skip_special_tokens)))

    def batch_decode(self, sequences: Any, *, skip_special_tokens: bool = False) -> list[str]:
        """The texts of rows of token ids; see `decode`.

        Args:
            sequences: n lists of ids, an array or tensor (n, length), or `TokenArrays`.
            skip_special_tokens: whether padding, first token and separator are left out.

        Returns:
            n texts.
        """
        return [self.decode(row, skip_special_tokens=skip_special_tokens) for row in rows_of(sequences)]

    def convert_ids_to_tokens(self, ids: Any, *, skip_special_tokens: bool = False) -> Any:
        """The tokens of ids, each as the vocabulary spells it.

        Args:
            ids: one id, or those of one text.
            skip_special_tokens: whether padding, first token and separator are left out.

        Returns:
            One token, or a list of tokens.

        Raises:
            DataError: when an id is none of the vocabulary.
            TypeError: when they are no integers or not in one row.
        """
        if np.ndim(ids) == 0:
            return self.token_of(one_row([ids], self.vocabulary_size)[0])
        special = self.backend.get_added_tokens_decoder() if skip_special_tokens else {}
        left_out = {number for number, token in special.items() if token.special}
        return [self.token_of(one) for one in one_row(ids, self.vocabulary_size) if one not in left_out]

    def to_graph(self, *, padding: bool | str = True) -> Callable[[Any], dict[str, Any]]:
        """This tokenizer as TensorFlow ops, for `tf.data` and `tf.function`: the same ids, without Python in between.

        Args:
            padding: True pads to the longest text of a batch, `"max_length"` to the tokenizer's `max_length`, so that all
                batches have one shape.

        Returns:
            A `tf.Module`, called with strings (batch,): it gives `input_ids`, `attention_mask` and `token_type_ids`, int32
            (batch, length).

        Raises:
            ConfigError: when the tokenizer is not WordPiece with BERT's normaliser, has added tokens, reads special tokens
                in texts, or cuts texts into windows.

        Example:
            >>> graph = Tokenizer.from_pretrained("all-MiniLM-L6-v2").to_graph()  # doctest: +SKIP
            >>> texts.batch(32).map(lambda text, label: (graph(text), label))  # doctest: +SKIP
        """
        from kerasbert.tokenization.graph_tokenizer import GraphTokenizer

        way = padding_of(padding)
        if way == NONE:
            raise ConfigError("`padding` must be True or 'max_length' in a graph, which gives arrays; got False.")
        return GraphTokenizer(self, pads_to_max_length=way == MAX_LENGTH)

    def encode(
        self,
        texts: Sequence[str],
        text_pairs: Sequence[str] | None = None,
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> TokenArrays:
        """Encode texts, on all cores.

        Args:
            texts: n texts; n may be 0.
            text_pairs: n second texts; None: single texts.
            progress: called with the numbers of texts done and in all, after every few thousand.

        Returns:
            The ids of n texts, none longer than `max_length`; `num_truncated` says how many were cut. For an encoder that
            reads windows `WindowArrays`, which stand where these stand.

        Raises:
            TypeError: when `texts` is one text, or an entry is no text; the message names its index.
            DataError: when an entry holds half of a surrogate pair, or the two lists differ in length.
            ConfigError: when `max_length` has no room for the special tokens of a pair.

        Example:
            >>> tokenizer.encode(["hello world"]).input_ids.tolist()  # doctest: +SKIP
            [101, 7592, 2088, 102]
        """
        columns = [_checked_texts("texts", texts)]
        if text_pairs is not None:
            columns.append(_checked_texts("text_pairs", text_pairs))
        if len(columns[0]) != len(columns[-1]):
            raise DataError(
                f"`texts` and `text_pairs` must have the same length; got {len(columns[0])} and {len(columns[-1])}."
            )
        template = self._checked_template(len(columns))
        chunks: list[Any] = []
        for start, stop in _chunk_bounds(columns):
            pieces = [self._text_ids(texts) for texts in self._prompted([column[start:stop] for column in columns])]
            chunks.append(self._assembled(template, pieces))
            if progress is not None:
                progress(stop, len(columns[0]))
        if self.long_texts.way == "windows":
            return WindowArrays.concatenate(chunks, self.max_length, self.long_texts.budget)  # type: ignore[return-value]
        return TokenArrays.concatenate(chunks, self.max_length)

    def full_lengths(self, texts: Sequence[str], text_pairs: Sequence[str] | None = None) -> np.ndarray:
        """Number of tokens of texts that are not cut, special tokens included.

        Args:
            texts: n texts.
            text_pairs: n second texts; None: single texts.

        Returns:
            Int64 (n,).

        Example:
            >>> tokenizer.full_lengths(["hello world"]).tolist()  # doctest: +SKIP
            [4]
        """
        return self.encode_uncut(texts, text_pairs).lengths

    def encode_uncut(self, texts: Sequence[str], text_pairs: Sequence[str] | None = None) -> TokenArrays:
        """Encode texts whole, also beyond what an encoder reads; to count their tokens, not to run a model.

        Args:
            texts: n texts.
            text_pairs: n second texts; None: single texts.

        Returns:
            The ids of n texts, none of them cut or in windows.
        """
        return self._uncut().encode(texts, text_pairs)

    def tokens(self, text: str) -> list[str]:
        """The tokens of one text, as `encode` gives their ids.

        Args:
            text: the text.

        Returns:
            Tokens, special ones included.

        Example:
            >>> tokenizer.tokens("unhappily")  # doctest: +SKIP
            ['[CLS]', 'un', '##ha', '##pp', '##ily', '[SEP]']
        """
        plain = copy.copy(self)
        plain.long_texts = LongTexts()  # of windows there would be several lists
        return [str(self.backend.id_to_token(int(number))) for number in plain.encode([text]).input_ids]

    def token_of(self, number: int) -> str:
        """The token of an id."""
        return str(self.backend.id_to_token(number))

    def num_special(self) -> tuple[int, int]:
        """How many special tokens stand before a single text, and how many after it."""
        place = next(index for index, part in enumerate(self.template) if part.text is not None)
        return place, len(self.template) - place - 1

    def encoding_of(self, text: str) -> Any:
        """The `tokenizers.Encoding` of one text behind its prompt, without special tokens, with offsets and word numbers."""
        self.backend.encode_special_tokens = self.split_special_tokens
        return self.backend.encode(self.prompt + _checked_texts("texts", [text])[0], add_special_tokens=False)

    @property
    def special_tokens(self) -> dict[str, str]:
        """Role (`"pad_token"`, `"cls_token"`, ...) -> token."""
        return dict(self._names)

    @property
    def mask_id(self) -> int | None:
        """Id of the mask token; None where there is none."""
        return self.backend.token_to_id(self._names["mask_token"]) if "mask_token" in self._names else None

    @property
    def unknown_id(self) -> int | None:
        """Id of the token that stands for what the vocabulary does not know; None where there is none."""
        return self.backend.token_to_id(self._names["unk_token"]) if "unk_token" in self._names else None

    def token_kinds(self) -> np.ndarray:
        """What each token is, see `Augmentation`: uint8 (vocabulary_size,)."""
        kinds = np.full(self.vocabulary_size, STARTS, dtype=np.uint8)
        continues = continuation_of(self.backend)
        for token, number in self.backend.get_vocab(with_added_tokens=False).items():
            kinds[number] = CONTINUES if continues(token) else STARTS
        kinds[self.reserved] = SPECIAL
        return kinds

    def augmentation(self, *, mask: float = 0.0, drop: float = 0.0, swap: float = 0.0) -> Augmentation:
        """What to do to the tokens of training texts, for `make_batches(augment=)`.

        Args:
            mask: share of the tokens in [0, 1) that become the mask token.
            drop: share of the words in [0, 1) that are left out.
            swap: share of the words in [0, 1) that change places with a neighbour.

        Returns:
            The augmentation.

        Raises:
            ConfigError: when a share is out of its range.
        """
        return Augmentation(self.token_kinds(), self.mask_id, mask=mask, drop=drop, swap=swap)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the vocabulary and all rules, but neither of `max_length` nor of `long_texts` or `prompt`."""
        rules = f"{self.backend.to_str()} {sorted(self._names.items())}"
        return hashlib.sha256((rules if self.split_special_tokens else f"{rules} unsplit").encode()).hexdigest()

    def check_ids(self, ids: np.ndarray, place: str) -> None:
        """Refuse token ids of a text that this tokenizer cannot have given.

        Args:
            ids: of one text, special tokens included.
            place: put in front of the message.

        Raises:
            DataError: when an id is out of the vocabulary, or there are more than `max_length`.
        """
        if len(ids) > self.max_length:
            raise DataError(f"{place}: has {len(ids)} tokens; at most {self.max_length} (max_length) are read.")
        wrong = ids[(ids < 0) | (ids >= self.vocabulary_size)]
        if len(wrong):
            raise DataError(
                f"{place}: the token id {wrong[0]} is not in the vocabulary of {self.vocabulary_size}; was it made with "
                f"another tokenizer?"
            )

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write `tokenizer.json`, `tokenizer_config.json` and, for WordPiece, `vocab.txt`.

        transformers' `AutoTokenizer` and `from_folder` read them to the same ids.

        Args:
            folder: where to write; made if missing.
        """
        save_tokenizer(
            self.backend,
            Path(folder),
            special_tokens=self._names,
            max_length=self.max_length,
            split_special_tokens=self.split_special_tokens,
            prompt=self.prompt,
        )

    @property
    def added_tokens(self) -> list[str]:
        """Tokens that were added to the vocabulary and are found in texts, in the order of their ids."""
        added = sorted(self.backend.get_added_tokens_decoder().items())
        return [token.content for _, token in added if not token.special]

    def check_fits(self, rows: int, owner: str) -> None:
        """Refuse token ids that an embedding table does not have.

        Args:
            rows: of the table.
            owner: of the table, named in the message.

        Raises:
            ConfigError: when a token that a text can give has no row.
        """
        ids = self.backend.get_vocab(with_added_tokens=True)
        # A special token that a text cannot give, and that nothing puts in, needs no row.
        used = {part.token for part in (*self.template, *self._pair_template)} | {self.pad_id}
        lost = [t for t, number in ids.items() if number >= rows and (number in used or not self.reserved[number])]
        if lost:
            raise ConfigError(
                f"{owner} has {rows} rows of token embeddings, and its tokenizer {len(lost)} tokens beyond them "
                f"({shorten(lost[0])} with id {ids[lost[0]]}). Give the tokenizer that it was trained with, or enlarge the "
                f"table where it was: model.resize_token_embeddings(len(tokenizer))."
            )

    def warn_of_special_tokens(self) -> None:
        """Warn of the first text that spells a special token which the tokenizer's own library would find in it."""
        added = self.backend.get_added_tokens_decoder().values()
        self._untold = {token.content for token in added if token.special}

    def _warn_of_special(self, texts: list[str]) -> None:
        spelled = next((token for token in sorted(self._untold) if any(token in text for text in texts)), None)
        if spelled is None:
            return
        self._untold.clear()
        warnings.warn(
            f"a text spells the special token {spelled}, which stays text here; transformers reads it as the token with this "
            f"tokenizer. If the model was trained that way, load it with split_special_tokens=False, or write "
            f'"split_special_tokens": false into tokenizer_config.json; true says that text is meant, and silences this.',
            KerasbertWarning,
            stacklevel=4,
        )

    def _uncut(self) -> Self:
        """A copy that cuts nothing."""
        uncut = copy.copy(self)
        uncut.max_length, uncut.long_texts = 2**31 - 1, LongTexts()
        return uncut

    def _reserved_ids(self) -> np.ndarray:
        """Which ids no text may give, bool (vocabulary_size,)."""
        added = self.backend.get_added_tokens_decoder()
        reserved = np.zeros(self.vocabulary_size, dtype=bool)
        unknown = self._names.get("unk_token")
        reserved[[number for number, token in added.items() if token.special and token.content != unknown]] = True
        return reserved

    def _checked_template(self, num_texts: int) -> list[TemplatePart]:
        template = self.template if num_texts == 1 else self._pair_template
        num_special = sum(part.text is None for part in template)
        if num_special > self.max_length:
            raise ConfigError(
                f"`max_length` must be at least {num_special}, the special tokens of a pair; got {self.max_length}."
            )
        if num_texts > 1 and self.long_texts.way != "truncate":
            raise ConfigError(f"`long_texts` must be 'truncate' with pairs of texts; got {self.long_texts.way!r}.")
        self.long_texts.check_room(self.max_length - num_special)
        return template

    def _assembled(self, template: list[TemplatePart], pieces: list[tuple[np.ndarray, np.ndarray]]) -> Any:
        """Ids of texts with their special tokens, long ones treated as was asked."""
        if self.long_texts.way == "truncate":
            return assemble(template, pieces, self.max_length)
        room = self.max_length - sum(part.text is None for part in template)
        if self.long_texts.way == "head_tail":
            assembled = assemble(template, [head_and_tail(pieces[0], room)], self.max_length)
            return dataclasses.replace(assembled, is_truncated=np.diff(pieces[0][1]) > room)
        cut, counts, is_cut = cut_windows(pieces[0], room, self.long_texts)
        windows = assemble(template, [cut], self.max_length)
        return WindowArrays(windows, offsets_of(counts), is_cut, self.long_texts.budget)

    def _prompted(self, columns: list[list[str]]) -> list[list[str]]:
        """Texts, and perhaps second ones, with the prompt in front of the first ones."""
        if not self.prompt:
            return columns
        return [[self.prompt + text for text in columns[0]], *columns[1:]]

    def _text_ids(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """Ids of texts without special tokens: int32 (t,), and offsets int64 (n + 1,)."""
        if self._untold:
            self._warn_of_special(texts)
        # Here and not in the constructor: copies and pickles of a tokenizer lose it.
        self.backend.encode_special_tokens = self.split_special_tokens
        with tokenizer_errors("The tokenizer cannot encode these texts: {}; use another one."):
            encodings = self.backend.encode_batch_fast(texts, add_special_tokens=False)
        lists = [encoding.ids for encoding in encodings]
        ids = flatten(lists)
        # A SentencePiece vocabulary holds "</s>" as a piece, which a text can spell.
        spelled = self.reserved[ids]
        if self.split_special_tokens and spelled.any():
            ids[spelled] = self.backend.token_to_id(self._names.get("unk_token", self._names["pad_token"]))
        return ids, offsets_of([len(one) for one in lists])


def _checked_texts(name: str, texts: Sequence[str]) -> list[str]:
    checked = texts if isinstance(texts, list) else check_texts(name, texts)
    for index, text in enumerate(checked):
        if not isinstance(text, str):
            raise TypeError(f"`{name}[{index}]` must be a text; got {shorten(text)} of type {type(text).__name__}.")
        half = half_surrogate(text)
        if half is not None:
            raise DataError(
                f"`{name}[{index}]` holds half of a surrogate pair at character {half}; decode the text again."
            )
    return checked


def _chunk_bounds(columns: list[list[str]]) -> list[tuple[int, int]]:
    sizes = np.cumsum([sum(map(len, row)) for row in zip(*columns, strict=True)])
    bounds, start, done = [], 0, 0
    while start < len(sizes):
        stop = int(np.searchsorted(sizes, done + CHUNK_CHARACTERS, side="right"))
        # One text alone may be larger than a chunk.
        stop = max(start + 1, min(stop, start + CHUNK_TEXTS))
        bounds.append((start, stop))
        start, done = stop, int(sizes[stop - 1])
    return bounds
