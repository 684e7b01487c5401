"""The one strict reader of `vocab.txt`, so that every tokenizer sees the same vocabulary."""

from collections.abc import Sequence
from pathlib import Path

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ConfigError

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
MAXIMUM_LINES = 1_000_000
MAXIMUM_LINE = 1_000_000
MAXIMUM_BYTES = 256 * 1024 * 1024


def read_vocabulary(path: Path, special_tokens: Sequence[str] = SPECIAL_TOKENS) -> list[str]:
    """Read a WordPiece vocabulary, one token a line, the line number being the id.

    Args:
        path: of `vocab.txt`.
        special_tokens: that it must hold.

    Returns:
        The tokens in the order of their ids.

    Raises:
        ConfigError: when the file is missing, empty, not UTF-8, too large, has a byte-order mark, carriage returns, a
            blank or repeated line, white space around a token, or lacks a special token; the message names the line.

    Example:
        >>> read_vocabulary(Path("missing.txt"))
        Traceback (most recent call last):
        ...
        kerasbert._core.errors.ConfigError: 'missing.txt' is missing.
    """
    name = repr(str(path))
    if not path.is_file():
        raise ConfigError(f"{name} is missing.")
    if path.stat().st_size > MAXIMUM_BYTES:
        raise ConfigError(f"{name} has {path.stat().st_size} bytes; at most {MAXIMUM_BYTES} are read.")
    content = path.read_bytes()
    if content.startswith(b"\xef\xbb\xbf"):
        raise ConfigError(f"{name} line 1 starts with a byte-order mark; save it as UTF-8 without one.")
    if b"\r" in content:
        line = content.count(b"\n", 0, content.index(b"\r")) + 1
        raise ConfigError(
            f"{name} line {line} ends in a carriage return; save it with line feeds only, as `tr -d '\\r'` does."
        )
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{name} line {line} is not UTF-8 at byte {error.start}; save it as UTF-8.") from error
    if not text.strip():
        raise ConfigError(f"{name} is empty; it must hold one token a line.")
    tokens = text.removesuffix("\n").split("\n")
    _check_tokens(name, tokens, special_tokens)
    return tokens


def _check_tokens(name: str, tokens: list[str], special_tokens: Sequence[str]) -> None:
    if len(tokens) > MAXIMUM_LINES:
        raise ConfigError(f"{name} has {len(tokens)} lines; at most {MAXIMUM_LINES} are read.")
    first_line: dict[str, int] = {}
    for line, token in enumerate(tokens, start=1):
        if len(token) > MAXIMUM_LINE:
            raise ConfigError(
                f"{name} line {line}: a token must have at most {MAXIMUM_LINE} characters; got {len(token)}."
            )
        if not token.strip():
            raise ConfigError(f"{name} line {line} is blank; every line is a token and its number an id.")
        if token != token.strip(" \t"):
            raise ConfigError(f"{name} line {line}: white space around the token {shorten(token)}; remove it.")
        if token in first_line:
            raise ConfigError(
                f"{name} line {line}: {shorten(token)} is already on line {first_line[token]}; ids would shift."
            )
        first_line[token] = line
    missing = [token for token in special_tokens if token not in first_line]
    if missing:
        raise ConfigError(f"{name} lacks {', '.join(missing)}; a BERT vocabulary has {', '.join(SPECIAL_TOKENS)}.")
