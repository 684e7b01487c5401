"""A seeded generator of malformed checkpoints, each with the error and the words that it must get.

Every case spoils a folder that holds a good `config.json` and `model.safetensors`. Nothing of it is stored: the files are
made when a test asks for them.
"""

import io
import json
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kerasbert import CheckpointError, ConfigError, UnsafeArtifactError

from ..reference import random_tensors, toy_config
from .formats import h5, malicious_pickle, original, safetensors, sharded, torch_state, torch_zip, write_config

CONFIG = toy_config(num_hidden_layers=1, vocab_size=11)
TENSORS = random_tensors(CONFIG)
WORDS = "embeddings.word_embeddings.weight"
SENTINEL = "sentinel"


class Case(NamedTuple):
    """One malformed folder.

    Args:
        name: of the case.
        spoil: turns the good folder into the malformed one.
        error: class of the error.
        message: regular expression found in its message.
        needs: package without which the case is skipped.
    """

    name: str
    spoil: Callable[[Path], object]
    error: type[Exception]
    message: str
    needs: str = ""


def make_good(folder):
    write_config(folder, CONFIG)
    safetensors(TENSORS, folder)


# --- safetensors -----------------------------------------------------------------------------------------------------


def header_of(tensors):
    header, position = {}, 0
    for name, value in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [position, position + value.nbytes]}
        position += value.nbytes
    return header


def write_raw(folder, content, length=None, data=None):
    if data is None:
        data = b"".join(value.tobytes() for value in TENSORS.values())
    length = len(content) if length is None else length
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", length) + content + data)


def raw(content, **options):
    return lambda folder: write_raw(folder, content, **options)


def entry(**changes):
    """The good file with changes to the entry of the first tensor; None drops a key."""

    def spoil(folder):
        header = header_of(TENSORS)
        changed = {**header[WORDS], **changes}
        header[WORDS] = {key: value for key, value in changed.items() if value is not None}
        write_raw(folder, json.dumps(header).encode())

    return spoil


def header(change):
    """The good file with its header changed by a function."""
    return lambda folder: write_raw(folder, json.dumps(change(header_of(TENSORS))).encode())


def whole(content):
    return lambda folder: (folder / "model.safetensors").write_bytes(content)


def cut(share):
    def spoil(folder):
        file = folder / "model.safetensors"
        file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])

    return spoil


def tensors(change):
    return lambda folder: safetensors(change(dict(TENSORS)), folder)


def with_value(value):
    spoiled = TENSORS[WORDS].copy()
    spoiled[2, 3] = value
    return tensors(lambda good: {**good, WORDS: spoiled})


def as_integers(folder):
    safetensors({**TENSORS, WORDS: np.ones((11, 12), "int64")}, folder)


def zip_of(name, content, compression=zipfile.ZIP_STORED, times=1):
    """An archive of one file; its content is written in pieces, so that making a bomb takes no memory."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive, archive.open(name, "w") as member:
        for _ in range(times):
            member.write(content)
    return buffer.getvalue()


TWICE = json.dumps(header_of(TENSORS))
TWICE = (TWICE[:-1] + "," + TWICE[1:]).encode()
MANY = {f"t{number}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for number in range(10_001)}
BYTES = 4 * 11 * 12

SAFETENSORS = [
    Case("empty file", whole(b""), CheckpointError, "not a readable safetensors file .*header too small.*; copy it again"),
    Case("seven bytes", whole(b"1234567"), CheckpointError, "not a readable safetensors file .*header too small"),
    Case("header of no bytes", raw(b"", length=0), CheckpointError, "not a readable safetensors file .*invalid JSON"),
    Case("header of 100 MB", raw(b"{}", length=10**8), CheckpointError, "at most 1048576 bytes; got 100000000"),
    Case("header of 2^63 bytes", raw(b"{}", length=2**63), CheckpointError, "bytes; got 9223372036854775808"),
    Case("header is cut", raw(b'{"a":', length=4000, data=b""), CheckpointError, "not a readable safetensors file .*invalid header length"),
    Case("file is cut", cut(0.9), CheckpointError, "file not fully covered"),
    Case("header is cut with the file", cut(0.1), CheckpointError, "invalid header length"),
    Case("header is not UTF-8", raw(b'{"\xff": 1}'), CheckpointError, "invalid UTF-8 in header"),
    Case("header is not JSON", raw(b"{'a': 1}"), CheckpointError, "invalid JSON in header"),
    Case("header is followed by more", raw(b"{} {}"), CheckpointError, "invalid JSON in header: trailing characters"),
    Case("header is a list", raw(b"[1, 2]"), CheckpointError, "invalid type: sequence"),
    Case("header is nested too deep", raw(b"[" * 100_000), CheckpointError, "invalid type: sequence"),
    Case("number of 5,000 digits", raw(b'{"a": ' + b"9" * 5000 + b"}"), CheckpointError, "number out of range"),
    Case("tensor twice", raw(TWICE), CheckpointError, f"'{WORDS}' appears twice in the header"),
    Case("key twice", raw(b'{"a": {"dtype": "F32", "dtype": "F16"}}'), CheckpointError, "duplicate field `dtype`"),
    Case("10,001 tensors", raw(json.dumps(MANY).encode(), data=b""), CheckpointError, "at most 10000 tensors are read"),
    Case("metadata of numbers", header(lambda h: {"__metadata__": {"a": 1}, **h}), CheckpointError, "expected a string"),
    Case("entry is a number", header(lambda h: {**h, WORDS: 3}), CheckpointError, "invalid type: integer `3`"),
    Case("no dtype", entry(dtype=None), CheckpointError, "missing field `dtype`"),
    Case("key too many", entry(device="cuda"), CheckpointError, "must have dtype, shape and data_offsets alone"),
    Case("unknown type", entry(dtype="F31"), CheckpointError, "unknown variant `F31`"),
    Case("type is a list", entry(dtype=["F32"]), CheckpointError, "expected string or map"),
    Case("shape below zero", entry(shape=[-11, -12]), CheckpointError, "invalid value: integer `-11`"),
    Case("shape of floats", entry(shape=[11.0, 12]), CheckpointError, "invalid type: floating point `11.0`"),
    Case("shape of booleans", entry(shape=[True, 132]), CheckpointError, "invalid type: boolean `true`"),
    Case("shape overflows", entry(shape=[2**61, 2**61, 8]), CheckpointError, "overflow computing buffer size"),
    Case("shape with NaN", entry(shape=[float("nan"), 12]), CheckpointError, "invalid JSON"),
    Case("three offsets", entry(data_offsets=[0, 1, 2]), CheckpointError, "invalid length 3"),
    Case("offsets turned", entry(data_offsets=[BYTES, 0]), CheckpointError, "invalid offset for tensor"),
    Case("offsets overlap", entry(data_offsets=[4, BYTES + 4]), CheckpointError, "invalid offset for tensor"),
    Case("offsets past the end", entry(data_offsets=[10**9, 10**9 + BYTES]), CheckpointError, "invalid offset for tensor"),
    Case("bytes are not the shape's", entry(shape=[11, 13]), CheckpointError, "invalid shape, data type, or offset"),
    Case("bytes too many", raw(json.dumps(header_of(TENSORS)).encode(), data=b"\0" * 10**5),
         CheckpointError, "file not fully covered"),
    Case("prefix and none", tensors(lambda t: {**t, f"bert.{WORDS}": t[WORDS]}), CheckpointError, "two tensors are"),
    Case("integers", as_integers, CheckpointError, f"{WORDS} must be of a type among BF16, F16, F32, F64; got I64"),
    Case("NaN", with_value(np.nan), CheckpointError, f"{WORDS} holds NaN or infinity"),
    Case("infinity", with_value(np.inf), CheckpointError, f"{WORDS} holds NaN or infinity"),
    Case("tensor missing", tensors(lambda t: t.pop(WORDS) is not None and t), CheckpointError, f"missing      {WORDS}"),
    Case("of another model", tensors(lambda t: {"a": t[WORDS]}), CheckpointError, "none of its tensors is one of this"),
    Case("a pickle", lambda f: whole(malicious_pickle(f / SENTINEL))(f), UnsafeArtifactError, "is a pickle or an archiv"),
    Case("an archive", whole(zip_of("data.pkl", b"1")), UnsafeArtifactError, "is a pickle or an archive"),
    Case("a folder", lambda f: (os.remove(f / "model.safetensors"), (f / "model.safetensors").mkdir()), CheckpointError, "is missing"),
    Case("a link to nowhere", lambda f: relink(f, "model.safetensors", f / "nowhere"), CheckpointError, "is missing"),
    Case("a link in a circle", lambda f: relink(f, "model.safetensors", f / "model.safetensors"), CheckpointError, "missing"),
    Case("a link to a device", lambda f: relink(f, "model.safetensors", "/dev/zero"), UnsafeArtifactError, "link that leads"),
]  # fmt: skip


def relink(folder, name, target):
    (folder / name).unlink()
    (folder / name).symlink_to(target)


# --- config.json -----------------------------------------------------------------------------------------------------


def config_bytes(content):
    return lambda folder: (folder / "config.json").write_bytes(content)


def config(**changes):
    return config_bytes(json.dumps({**CONFIG.to_dict(), **changes}).encode())


CONFIGS = [
    Case("no config", lambda f: (f / "config.json").unlink(), ConfigError, "holds no config.json"),
    Case("config is empty", config_bytes(b" \n"), ConfigError, "is empty; it must hold one JSON object"),
    Case("config is not UTF-8", config_bytes(b'{"a": "\xff"}'), ConfigError, "is not UTF-8 at byte 7"),
    Case("config with a mark", config_bytes(b"\xef\xbb\xbf{}"), ConfigError, "line 1 starts with a byte-order mark"),
    Case("trailing comma", config_bytes(b'{\n"hidden_size": 12,\n}'), ConfigError, "line [23]: not valid JSON"),
    Case("key twice in config", config_bytes(b'{\n"a": 1,\n"a": 2}'), ConfigError, "line 3: the key 'a' appears twice"),
    Case("NaN in config", config_bytes(b'{\n"layer_norm_eps": NaN}'), ConfigError, "line 2: NaN is not a JSON number"),
    Case("config is a list", config_bytes(b"[]"), ConfigError, "line 1: must hold one JSON object; got a list"),
    Case("config is nested too deep", config_bytes(b'{"a":' * 10**5), ConfigError, "not readable JSON .RecursionError"),
    Case("config of 17 MB", config_bytes(b" " * 17 * 2**20), ConfigError, "has 17825792 bytes; at most 16777216"),
    Case("hidden size 0", config(hidden_size=0), ConfigError, "`hidden_size` must be an integer from 1 to 65536; got 0"),
    Case("hidden size 10^9", config(hidden_size=10**9), ConfigError, "`hidden_size` must .* got 1000000000"),
    Case("hidden size of text", config(hidden_size="12"), TypeError, "`hidden_size` must .* got '12' of type str"),
    Case("heads", config(num_attention_heads=5), ConfigError, "must be a multiple of `num_attention_heads`; got 12 and 5"),
    Case("a million layers", config(num_hidden_layers=10**6), ConfigError, "`num_hidden_layers` must .* got 1000000"),
    Case("dropout 1.5", config(hidden_dropout_prob=1.5), ConfigError, r"`hidden_dropout_prob` .*\[0, 1\); got 1.5"),
    Case("eps 0", config(layer_norm_eps=0), ConfigError, r"`layer_norm_eps` must be a number in \(0, 1\]; got 0"),
    Case("no token types", config(type_vocab_size=0), ConfigError, "`type_vocab_size` must be an integer from 1"),
    Case("unknown activation", config(hidden_act="gellu"), ConfigError, "`hidden_act` must .* Did you mean 'gelu'"),
    Case("unknown family", config(model_type="llama"), ConfigError, "`model_type` must be one of .* got 'llama'"),
    Case("another family", config(model_type="roberta"), ConfigError, "holds a roberta checkpoint; load it with TFRob"),
    Case("a decoder", config(is_decoder=True), ConfigError, "`is_decoder` must be false"),
    Case("huge but in range", config(hidden_size=65_536, num_attention_heads=1, vocab_size=11), CheckpointError, "wrong sh"),
    Case("a thousand layers", config(num_hidden_layers=1000), CheckpointError, "missing .*\n.* more$"),
    Case("huge vocabulary", config(vocab_size=10**7), ConfigError, "vocab_size 10000000 in config.json, 11 rows"),
    Case("config is a link out", lambda f: relink(f, "config.json", "/etc/passwd"), UnsafeArtifactError, "link that lead"),
]  # fmt: skip

# --- index of shards -------------------------------------------------------------------------------------------------

FIRST, SECOND = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"


def index(change):
    """A good sharded checkpoint with its index changed by a function."""

    def spoil(folder):
        (folder / "model.safetensors").unlink()
        sharded(TENSORS, folder)
        file = folder / "model.safetensors.index.json"
        file.write_text(json.dumps(change(json.loads(file.read_text()))))

    return spoil


def shard_named(name):
    return index(lambda good: {**good, "weight_map": {**good["weight_map"], WORDS: name}})


def total_size(value):
    return index(lambda good: {**good, "metadata": {"total_size": value}})


def weight_map(value):
    return index(lambda good: {**good, "weight_map": value})


def after_index(action):
    return lambda folder: (index(lambda good: good)(folder), action(folder))


def copy_into_both(folder):
    index(lambda good: good)(folder)
    both = dict(sorted(TENSORS.items()))
    names = sorted(both)
    safetensors({name: both[name] for name in (*names[::2], names[1])}, folder)
    (folder / "model.safetensors").rename(folder / FIRST)


def index_bytes(content):
    return after_index(lambda folder: (folder / "model.safetensors.index.json").write_bytes(content))


INDEXES = [
    Case("shard above", shard_named("../x"), UnsafeArtifactError, "'../x' must be a bare file name; it leads out"),
    Case("shard at the root", shard_named("/etc/passwd"), UnsafeArtifactError, "'/etc/passwd' must be a bare file name"),
    Case("shard below", shard_named("a/b"), UnsafeArtifactError, "'a/b' must be a bare file name"),
    Case("shard with backslash", shard_named("..\\x"), UnsafeArtifactError, "must be a bare file name"),
    Case("shard is the folder", shard_named(".."), UnsafeArtifactError, "must be a bare file name"),
    Case("shard without a name", shard_named(""), UnsafeArtifactError, "must be a bare file name"),
    Case("shard is a link out", after_index(lambda f: relink(f, SECOND, "/etc/passwd")), UnsafeArtifactError, "leads out"),
    Case("shard is a circle", after_index(lambda f: relink(f, SECOND, f / SECOND)), CheckpointError, "is missing"),
    Case("shard missing", after_index(lambda f: (f / SECOND).unlink()), CheckpointError, f"{SECOND}' is missing"),
    Case("tensor in two shards", copy_into_both, CheckpointError, f"is in two shards, {FIRST} and {SECOND}"),
    Case("tensor in the other shard", shard_named(SECOND), CheckpointError, f"what is not there: .*{WORDS} in {SECOND}"),
    Case("total size below zero", total_size(-1), CheckpointError, "`total_size` must be a whole number .* got -1"),
    Case("total size of text", total_size("1"), CheckpointError, "`total_size` must be a whole number .* got '1'"),
    Case("total size too large", total_size(10**15), CheckpointError, "`total_size` must .* got 1000000000000000"),
    Case("total size half", total_size(0.5), CheckpointError, "`total_size` must be a whole number .* got 0.5"),
    Case("metadata is a list", index(lambda g: {**g, "metadata": [1]}), CheckpointError, "`total_size` must"),
    Case("infinite total", index_bytes(b'{"metadata": {"total_size": 1e999}, "weight_map": {"a": "' + FIRST.encode() + b'"}}'),
         CheckpointError, "line 1: 1e999 is out of the range of numbers"),
    Case("no map", weight_map(None), CheckpointError, "`weight_map` must be an object of tensor name -> file name"),
    Case("empty map", weight_map({}), CheckpointError, "`weight_map` must be an object"),
    Case("map of numbers", weight_map({"a": 1}), CheckpointError, "`weight_map` must be an object"),
    Case("1,001 shards", weight_map({f"t{n}": f"s{n}" for n in range(1001)}), CheckpointError, "at most 1000 shards .* 1001"),
    Case("prefix and none listed", index(lambda g: {**g, "weight_map": {**g["weight_map"], f"bert.{WORDS}": SECOND}}),
         CheckpointError, "two tensors are"),
    Case("index is not JSON", index_bytes(b"{"), CheckpointError, "line 1: not valid JSON"),
    Case("key twice in index", index_bytes(b'{"weight_map": {}, "weight_map": {}}'), CheckpointError, "appears twice"),
]  # fmt: skip

# --- tf_model.h5 -----------------------------------------------------------------------------------------------------

H5_WORDS = "bert/tf_bert_model/bert/embeddings/word_embeddings/weight:0"


def h5_with(change):
    """A good tf_model.h5 without its word embeddings, changed by a function of the open file and the folder."""

    def spoil(folder):
        import h5py

        (folder / "model.safetensors").unlink()
        h5(TENSORS, folder)
        with h5py.File(folder / "tf_model.h5", "a") as file:
            del file[H5_WORDS]
            del file["mlm___cls"]
            change(file, folder)

    return spoil


def h5_bytes(change):
    def spoil(folder):
        (folder / "model.safetensors").unlink()
        h5(TENSORS, folder)
        file = folder / "tf_model.h5"
        file.write_bytes(change(file.read_bytes()))

    return spoil


def external_link(file, folder):
    import h5py

    file[H5_WORDS] = h5py.ExternalLink("/etc/passwd", "/x")


def soft_link(file, folder):
    import h5py

    file[H5_WORDS] = h5py.SoftLink("/elsewhere")


def external_data(file, folder):
    file.create_dataset(H5_WORDS, (11, 12), "f4", external=[("/etc/passwd", 0, BYTES)])


def virtual_data(file, folder):
    import h5py

    layout = h5py.VirtualLayout((11, 12), "f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (11, 12))
    file.create_virtual_dataset(H5_WORDS, layout)


def shape_bomb(file, folder):
    config(vocab_size=10**7)(folder)
    file.create_dataset(H5_WORDS, (10**7, 12), "f4", chunks=(1000, 12))


def compressed_bomb(file, folder):
    config(vocab_size=4 * 10**6)(folder)
    rows = file.create_dataset(H5_WORDS, (4 * 10**6, 12), "f4", chunks=(10**5, 12), compression="gzip")
    for start in range(0, 10**6, 10**5):
        rows[start : start + 10**5] = np.zeros((10**5, 12), "float32")


def deep_groups(file, folder):
    file.create_group("/".join("a" * 30))


def circle(file, folder):
    file["bert/again"] = file["/"]


def multiplied_groups(file, folder):
    """Twelve groups, each of which has the next one three times: 3^12 paths in a few kilobytes."""
    group = file.create_group("a")
    for _ in range(12):
        below = group.create_group("x")
        group["y"] = group["z"] = below
        group = below


def nothing(file, folder):
    import h5py

    file[H5_WORDS] = h5py.Empty("f4")


H5 = [
    Case("not HDF5", h5_bytes(lambda good: b"x" * 100), CheckpointError, "is not a readable HDF5 file"),
    Case("HDF5 is cut", h5_bytes(lambda good: good[: len(good) // 2]), CheckpointError, "is not a readable HDF5 file"),
    Case("external link", h5_with(external_link), UnsafeArtifactError, "weight:0 is a link to another place; refused"),
    Case("soft link", h5_with(soft_link), UnsafeArtifactError, "weight:0 is a link to another place; refused"),
    Case("external data", h5_with(external_data), UnsafeArtifactError, "has its data in another file; refused"),
    Case("virtual data", h5_with(virtual_data), UnsafeArtifactError, "has its data in another file; refused"),
    Case("shape bomb", h5_with(shape_bomb), CheckpointError, "claims 480000000 bytes and stores 0"),
    Case("compressed bomb", h5_with(compressed_bomb), CheckpointError, "claims 192000000 bytes and stores"),
    Case("groups too deep", h5_with(deep_groups), CheckpointError, "groups must be at most 20 deep"),
    Case("groups in a circle", h5_with(circle), CheckpointError, "the group '/bert/again' has two names"),
    Case("groups that multiply", h5_with(multiplied_groups), CheckpointError, "the group .* has two names"),
    Case("integers in HDF5", h5_with(lambda h, _: h.create_dataset(H5_WORDS, data=np.ones((11, 12), int))), CheckpointError,
         f"{WORDS} must be of floating-point numbers; got int64"),
    Case("no data in HDF5", h5_with(nothing), CheckpointError, "weight:0 holds no numbers"),
    Case("missing in HDF5", h5_with(lambda *_: None), CheckpointError, f"missing      {WORDS}"),
]  # fmt: skip

# --- bert_model.ckpt -------------------------------------------------------------------------------------------------

DATA = "bert_model.ckpt.data-00000-of-00001"


def checkpoint(change):
    def spoil(folder):
        (folder / "model.safetensors").unlink()
        original(TENSORS, folder)
        change(folder)

    return spoil


def bytes_of(name, change):
    return checkpoint(lambda folder: (folder / name).write_bytes(change((folder / name).read_bytes())))


def flipped(content):
    # In the word embeddings, which come early: what belongs to the optimiser is never read.
    return content[:100] + bytes([content[100] ^ 1]) + content[101:]


ORIGINAL = [
    Case("index is garbage", bytes_of("bert_model.ckpt.index", lambda good: b"x" * 99), CheckpointError, "is not a readable"),
    Case("index is cut", bytes_of("bert_model.ckpt.index", lambda good: good[:50]), CheckpointError, "is not a readable"),
    Case("data missing", checkpoint(lambda f: (f / DATA).unlink()), CheckpointError, "not a readable|data files have 0"),
    Case("data is cut", bytes_of(DATA, lambda good: good[:300]), CheckpointError, "its index claims at least"),
    Case("bit flipped", bytes_of(DATA, flipped), CheckpointError, "cannot be read: "),
    Case("data is a link out", checkpoint(lambda f: relink(f, DATA, "/etc/passwd")), UnsafeArtifactError, "leads out"),
]  # fmt: skip

# --- pytorch_model.bin -----------------------------------------------------------------------------------------------


def pickled(content):
    """A folder with only a pytorch_model.bin, of the bytes that a function of the folder gives."""

    def spoil(folder):
        (folder / "model.safetensors").unlink()
        (folder / "pytorch_model.bin").write_bytes(content(folder))

    return spoil


def saved(value):
    def content(_):
        import torch

        buffer = io.BytesIO()
        torch.save(value(torch), buffer)
        return buffer.getvalue()

    return pickled(content)


def good_bin(_):
    buffer = io.BytesIO()
    torch_zip(TENSORS, buffer)
    return buffer.getvalue()


def stretched(torch):
    return {**torch_state(TENSORS), WORDS: torch.zeros(1, 12).expand(11, 12)}


def stretched_to_a_bomb(folder):
    config(vocab_size=10**7)(folder)
    saved(lambda torch: {**torch_state(TENSORS), WORDS: torch.zeros(1, 1).expand(10**7, 12)})(folder)


def integers_in_bin(torch):
    return {**torch_state(TENSORS), WORDS: torch.ones(11, 12, dtype=torch.long)}


BIN = [
    Case("pickle that runs code", pickled(lambda f: malicious_pickle(f / SENTINEL)), UnsafeArtifactError,
         "is cut or holds more than tensors; refused", "torch"),
    Case("archive that runs code", pickled(lambda f: zip_of("archive/data.pkl", malicious_pickle(f / SENTINEL))),
         CheckpointError, "refused|is not a readable PyTorch file", "torch"),
    Case("bin is empty", pickled(lambda f: b""), CheckpointError, "is not a readable PyTorch file", "torch"),
    Case("bin is cut", pickled(lambda f: good_bin(f)[:2000]), CheckpointError, "refused|not a readable PyTorch", "torch"),
    Case("bin of a list", saved(lambda torch: [1, 2]), CheckpointError, "must hold tensors by name; got list", "torch"),
    Case("bin of nothing", saved(lambda torch: {}), CheckpointError, "must hold tensors by name; got dict", "torch"),
    Case("bin with numbers as names", saved(lambda torch: {1: torch.ones(1)}), CheckpointError, "none of its ten", "torch"),
    Case("stretched tensor", saved(stretched), CheckpointError, "must be stored whole; it is not", "torch"),
    Case("stretched bomb", stretched_to_a_bomb, CheckpointError, "must be stored whole; it is not", "torch"),
    Case("sparse tensor", saved(lambda torch: {WORDS: torch.ones(11, 12).to_sparse()}), CheckpointError, "whole", "torch"),
    Case("zip bomb", pickled(lambda f: zip_of("archive/data.pkl", b"\0" * 10**6, zipfile.ZIP_DEFLATED, 300)),
         CheckpointError, "would unpack to 300000000 bytes", "torch"),
    Case("integers in bin", saved(integers_in_bin), CheckpointError, f"{WORDS} must be of floating-point", "torch"),
    Case("pickled list", pickled(lambda f: pickle.dumps([1])), CheckpointError, "refused|readable", "torch"),
]  # fmt: skip

CASES = {
    case.name: case for group in (SAFETENSORS, CONFIGS, INDEXES, H5, ORIGINAL, BIN) for case in group
}  # fmt: skip
COUNTS = {"safetensors": 46, "configs": 26, "indexes": 24, "h5": 14, "original": 6, "bin": 13}
