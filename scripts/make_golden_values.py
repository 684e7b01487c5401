"""Write the golden values: tiny models of each family with PyTorch's outputs, which tests compare without PyTorch.

    python scripts/make_golden_values.py [FOLDER]    FOLDER is tests/encoders/golden by default

Each file holds the weights under `model.`, the inputs and the outputs, and the config in its metadata.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from safetensors.numpy import save_file

FOLDER = Path(__file__).parent.parent / "tests" / "encoders" / "golden"
SIZES = {
    "vocab_size": 20,
    "hidden_size": 8,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 13,
    "max_position_embeddings": 12,
    "pad_token_id": 1,
}
FAMILIES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "bert": ("BertConfig", "BertModel", {**SIZES, "type_vocab_size": 3, "layer_norm_eps": 1e-5}),
    "distilbert": (
        "DistilBertConfig",
        "DistilBertModel",
        {
            "vocab_size": 20,
            "dim": 8,
            "n_layers": 2,
            "n_heads": 2,
            "hidden_dim": 13,
            "max_position_embeddings": 12,
            "pad_token_id": 1,
        },
    ),
    "electra": ("ElectraConfig", "ElectraModel", {**SIZES, "embedding_size": 5}),
    "roberta": ("RobertaConfig", "RobertaModel", {**SIZES, "type_vocab_size": 1}),
}
INPUT_IDS = [[5, 6, 7, 8, 9, 10], [11, 12, 13, 1, 1, 1], [1, 1, 14, 15, 16, 17]]


def golden_values(family: str) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The arrays of a family's file and its metadata.

    Args:
        family: a key of `FAMILIES`.

    Returns:
        Arrays by name, and `{"config": JSON}`.
    """
    config_name, model_name, values = FAMILIES[family]
    config = getattr(transformers, config_name)(**values)
    config._attn_implementation = "eager"
    model = getattr(transformers, model_name)(config).eval()
    # NumPy's generator, because PyTorch's numbers differ from release to release.
    random = np.random.default_rng(11)
    with torch.no_grad():
        for _, parameter in sorted(model.named_parameters()):
            parameter.copy_(torch.tensor(random.normal(0, 0.3, tuple(parameter.shape))))
        outputs = _outputs(model, family)
    weights = {f"model.{name}": value.detach().numpy() for name, value in model.named_parameters()}
    return weights | outputs, {"config": json.dumps({"model_type": config.model_type, **values})}


def _outputs(model: torch.nn.Module, family: str) -> dict[str, np.ndarray]:
    input_ids = torch.tensor(INPUT_IDS)
    inputs = {"input_ids": input_ids, "attention_mask": (input_ids != 1).long()}
    if family != "distilbert":
        last_type = model.config.type_vocab_size - 1
        inputs["token_type_ids"] = (torch.arange(6) > 2).long().expand(3, 6) * last_type
    result = model(**inputs, output_hidden_states=True, output_attentions=True)
    arrays = {name: value.numpy().astype("int32") for name, value in inputs.items()}
    arrays |= {f"hidden_states.{index}": state.numpy() for index, state in enumerate(result.hidden_states)}
    arrays |= {f"attentions.{index}": attention.numpy() for index, attention in enumerate(result.attentions)}
    if getattr(result, "pooler_output", None) is not None:
        arrays["pooler_output"] = result.pooler_output.numpy()
    return {name: np.ascontiguousarray(array) for name, array in arrays.items()}


def main(folder: Path) -> None:
    """Write one file for each family.

    Args:
        folder: made if it is missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for family in FAMILIES:
        arrays, metadata = golden_values(family)
        save_file(arrays, folder / f"{family}.safetensors", metadata=metadata)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
