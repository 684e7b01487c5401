"""Folders of sentence-transformers in the shapes of models that people use, with toy weights."""

import json
import shutil

TRANSFORMER, POOLING, NORMALIZE, DENSE = (
    f"sentence_transformers.models.{kind}" for kind in ("Transformer", "Pooling", "Normalize", "Dense")
)
MEAN = {"pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True, "pooling_mode_max_tokens": False}
CLS = {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False, "pooling_mode_max_tokens": False}
E5_PROMPTS = {"query": "query: ", "passage": "passage: "}
# Pooling config, longest text, prompts file, modules behind the pooling.
SHAPES = {
    "MiniLM": (MEAN, 256, {}, [("2_Normalize", NORMALIZE)]),
    "BGE": (CLS, 512, {"__version__": {"transformers": "4.30.0"}}, [("2_Normalize", NORMALIZE)]),
    "E5": (MEAN, 512, {"prompts": E5_PROMPTS, "default_prompt_name": "query"}, [("2_Normalize", NORMALIZE)]),
    "GTE": ({**MEAN, "pooling_mode_mean_sqrt_len_tokens": False, "include_prompt": True}, 24, {}, []),
}


def write_modules(folder, pooling, others=()):
    """Write `modules.json` and the config of the pooling."""
    modules = [("", TRANSFORMER), ("1_Pooling", POOLING), *others]
    listed = [{"idx": n, "name": str(n), "path": path, "type": kind} for n, (path, kind) in enumerate(modules)]
    (folder / "modules.json").write_text(json.dumps(listed))
    (folder / "1_Pooling").mkdir(exist_ok=True)
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"word_embedding_dimension": 16, **pooling}))


def write_shape(folder, shape):
    """Write the files of one of `SHAPES` beside an encoder."""
    pooling, length, prompts, others = SHAPES[shape]
    write_modules(folder, pooling, others)
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": length, "do_lower_case": False}))
    if prompts:
        (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts))
    return folder


def sentence_folder(tiny_folder, target, shape="E5"):
    """A copy of a toy encoder in one of `SHAPES`."""
    return write_shape(shutil.copytree(tiny_folder, target), shape)
