"""Writing folders that PyTorch transformers loads."""

import json
import os

from kerasbert._core.files import atomic_dir_write, write_tensors
from kerasbert._core.names import CONFIG_FILE, SAFETENSORS_FILE
from kerasbert.encoders.checkpoints.live import LiveEncoderSource
from kerasbert.encoders.encoder import Encoder

ARCHITECTURES = {
    "bert": "BertModel",
    "distilbert": "DistilBertModel",
    "electra": "ElectraModel",
    "roberta": "RobertaModel",
}


def save_pretrained(encoder: Encoder, folder: str | os.PathLike[str], *, overwrite: bool = False) -> None:
    """Write `config.json` and `model.safetensors`; see `PretrainedEncoder.save_pretrained`."""
    source = LiveEncoderSource(encoder)
    tensors = {name: source.read(name) for name in source.names()}
    config = {"architectures": [ARCHITECTURES[encoder.model_type]], **encoder.config.to_dict(), "dtype": "float32"}
    with atomic_dir_write(folder, kind="encoder", overwrite=overwrite) as beside:
        text = json.dumps(config, indent=2, sort_keys=True) + "\n"
        (beside / CONFIG_FILE).write_text(text, encoding="utf-8")
        write_tensors(beside / SAFETENSORS_FILE, tensors)
