"""Every format a checkpoint may have, written independently of the package from tensors by their PyTorch name."""

import json
import pickle
import re
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file


def write_config(folder, config):
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config.to_dict()))


def safetensors(tensors, folder):
    save_file(tensors, folder / "model.safetensors")


def prefixed(tensors, folder):
    head = {"classifier.weight": np.ones((2, 4), "float32"), "bert.embeddings.position_ids": np.arange(4)}
    safetensors({**{f"bert.{name}": value for name, value in tensors.items()}, **head}, folder)


def old_names(tensors, folder):
    """Layer normalisation as of 2018."""
    endings = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
    safetensors({re.sub("LayerNorm.(weight|bias)$", lambda m: endings[m[0]], n): v for n, v in tensors.items()}, folder)


def wrapped(tensors, folder):
    """The names that sentence-transformers, torch.compile and DataParallel put before a state dict together."""
    safetensors({f"module._orig_mod.auto_model.{name}": value for name, value in tensors.items()}, folder)


def halves(tensors):
    names = sorted(tensors)
    return [{name: tensors[name] for name in part} for part in (names[::2], names[1::2])]


def sharded(tensors, folder, stem="model", ending="safetensors", write=save_file):
    weight_map = {}
    for number, part in enumerate(halves(tensors), start=1):
        file = f"{stem}-{number:05}-of-00002.{ending}"
        write(part, folder / file)
        weight_map |= dict.fromkeys(part, file)
    total = sum(value.nbytes for value in tensors.values())
    index = {"metadata": {"total_size": total}, "weight_map": weight_map}
    (folder / f"{stem}.{ending}.index.json").write_text(json.dumps(index))


def tensorflow_name(name, layer="layer_"):
    """The name and the orientation in TensorFlow of a tensor of PyTorch's BERT."""
    is_norm, is_embedding = "LayerNorm" in name, name.endswith("_embeddings.weight")
    name = name.replace(".", "/").replace("encoder/layer/", f"encoder/{layer}")
    if is_embedding:
        return name.removesuffix("/weight"), False
    if is_norm:
        return name.replace("/weight", "/gamma").replace("/bias", "/beta"), False
    return name.replace("/weight", "/kernel"), name.endswith("/weight")


def transformers_4_name(name):
    """The full name of a variable of transformers 4's TFBertModel."""
    theirs, transposed = tensorflow_name(name, layer="layer_._")
    if theirs.endswith("_embeddings"):
        theirs += "/weight" if "word" in theirs else "/embeddings"
    return f"tf_bert_model/bert/{theirs}:0", transposed


def h5(tensors, folder):
    import h5py

    with h5py.File(folder / "tf_model.h5", "w") as file:
        for name, value in tensors.items():
            theirs, transposed = transformers_4_name(name)
            file[f"bert/{theirs}"] = value.T if transposed else value
        # The language model's head repeats the word embeddings that it shares.
        words = "tf_bert_model/bert/embeddings/word_embeddings/weight:0"
        file[f"mlm___cls/{words}"] = tensors["embeddings.word_embeddings.weight"]


def original(tensors, folder):
    """A checkpoint of the original code, with its optimiser's variables and its own name of the config."""
    import tensorflow as tf

    variables = {"global_step": np.int64(7), "cls/predictions/output_bias": np.ones(3, "float32")}
    for name, value in tensors.items():
        theirs, transposed = tensorflow_name(name)
        variables[f"bert/{theirs}"] = np.ascontiguousarray(value.T if transposed else value)
        variables[f"bert/{theirs}/adam_m"] = np.zeros_like(value)
    names, values = zip(*variables.items(), strict=True)
    prefix = str(folder / "bert_model.ckpt")
    tf.raw_ops.SaveV2(prefix=prefix, tensor_names=names, shape_and_slices=[""] * len(names), tensors=values)
    if (folder / "config.json").exists():
        values = json.loads((folder / "config.json").read_text())
        del values["model_type"]
        (folder / "bert_config.json").write_text(json.dumps(values))
        (folder / "config.json").unlink()


def torch_state(tensors):
    import torch

    return {name: torch.tensor(value) for name, value in tensors.items()}


def torch_zip(tensors, file, **options):
    import torch

    torch.save(torch_state(tensors), file, **options)


def pytorch_bin(tensors, folder):
    torch_zip(tensors, folder / "pytorch_model.bin")


def old_pytorch_bin(tensors, folder):
    torch_zip(tensors, folder / "pytorch_model.bin", _use_new_zipfile_serialization=False)


def sharded_pytorch_bin(tensors, folder):
    sharded(tensors, folder, "pytorch_model", "bin", torch_zip)


FORMATS = {
    "safetensors": safetensors,
    "safetensors with prefix and head": prefixed,
    "safetensors with gamma and beta": old_names,
    "safetensors of wrappers": wrapped,
    "sharded safetensors": sharded,
    "tf_model.h5": h5,
    "bert_model.ckpt": original,
    "pytorch_model.bin": pytorch_bin,
    "pytorch_model.bin before 1.6": old_pytorch_bin,
    "sharded pytorch_model.bin": sharded_pytorch_bin,
}


class Payload:
    """Unpickled, it makes a file: the sentinel of every test that nothing of a checkpoint is run."""

    def __init__(self, sentinel: Path):
        self.sentinel = sentinel

    def __reduce__(self):
        return Path.touch, (self.sentinel,)


def malicious_pickle(sentinel):
    return pickle.dumps({"embeddings.word_embeddings.weight": Payload(sentinel)})
