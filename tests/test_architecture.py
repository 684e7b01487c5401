"""Imports go one way, from room to room, and importing the package costs no more than Keras."""

import ast
import subprocess
import sys
from pathlib import Path

import kerasbert

PACKAGE = Path(kerasbert.__file__).parent
ROOMS = [
    "_core",
    "labels",
    "objectives",
    "tasks",
    "tokenization",
    "reading",
    "batches",
    "encoders",
    "optimizers",
    "classifiers",
    "training",
    "uncertainty",
    "caching",
    "saving",
    "extraction",
    "evaluation",
    "subclasses",
    "export",
    "engines",
    "monitoring",
    "production",
    "text_classifier",
    "cli",
]
HEAVY = {
    "torch",
    "transformers",
    "sklearn",
    "pandas",
    "matplotlib",
    "jinja2",
    "markupsafe",
    "pyarrow",
    "rich",
    "tokenizers",
    "huggingface_hub",
    "mlflow",
    "apache_beam",
}
BEAM = ("handler", "predict_files", "predict_texts", "profile_texts", "read_texts", "stores")
# Keras itself imports scikit-learn where it is installed, and it always is with this package; nothing imports the flavour,
# nor what runs on Beam.
LOADED_ANYWAY = {
    "text_classifier/settings.py": {"sklearn"},
    "mlflow.py": {"mlflow", "pandas"},
    "beam.py": {"apache_beam"},
    **{f"production/beam/{name}.py": {"apache_beam"} for name in BEAM},
}
MODULES = sorted(PACKAGE.rglob("*.py"))


def imports_of(file):
    """Every module that a file imports, and whether it does so when it is imported itself."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    # What stands in a function, a class or under `if TYPE_CHECKING` is not loaded with the file.
    later = (ast.FunctionDef, ast.ClassDef, ast.If)
    top = set(ast.walk(ast.Module([node for node in tree.body if not isinstance(node, later)], [])))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node in top
        elif isinstance(node, ast.Import):
            yield from ((alias.name, node in top) for alias in node.names)


def room_of(module):
    parts = module.split(".")
    return parts[1] if parts[0] == "kerasbert" and len(parts) > 1 and parts[1] in ROOMS else None


def test_a_room_imports_only_rooms_to_its_left():
    offenders = []
    for file in MODULES:
        own = room_of("kerasbert." + ".".join(file.relative_to(PACKAGE).parts))
        others = {room_of(module) for module, _ in imports_of(file)} - {None} if own else set()
        to_the_right = [other for other in others if ROOMS.index(other) > ROOMS.index(own)]
        offenders += [f"{file.relative_to(PACKAGE)} imports {other}" for other in sorted(to_the_right)]
    assert not offenders


def test_heavy_packages_load_where_they_are_used():
    offenders = []
    for file in MODULES:
        loaded = {module.split(".")[0] for module, at_import in imports_of(file) if at_import}
        offenders += [
            f"{file.relative_to(PACKAGE)} imports {module}"
            for module in sorted(loaded & HEAVY - LOADED_ANYWAY.get(file.relative_to(PACKAGE).as_posix(), set()))
        ]
    assert not offenders


ALLOWED_TENSORFLOW = {
    "cli/starting.py",
    "export/decisions.py",
    # A tokenizer of TensorFlow ops, which exports, `tf.data` and Keras models share.
    "tokenization/graph_tokenizer.py",
    "export/canonical_graph.py",
    "export/onnx_graph.py",
    "export/parity.py",
    "export/saved_model.py",
    "export/serving_module.py",
    "export/tflite_graph.py",
    "export/tflite_metadata.py",
    "export/warmup.py",
    "tokenization/augmentation.py",
    # Tensors of TensorFlow, where a caller asks for them.
    "tokenization/call_forms.py",
    "batches/cache_writer.py",
    "batches/input_length.py",
    "batches/memory.py",
    "reading/_tfrecord.py",
    "batches/token_cache.py",
    "training/determinism.py",
    "training/devices.py",
    "training/feature_cache.py",
    "training/callbacks/logs.py",
    "training/loop.py",
    "training/replicas.py",
    "training/checkpoints/resume.py",
    "training/step.py",
    "evaluation/gradients.py",
    "classifiers/_tensorflow_labels.py",
    "classifiers/traced.py",
    # Buffers of weights, which tell whether they were changed.
    "caching/pinned.py",
    # Texts as tensors of strings, which no other backend has.
    "classifiers/text_tokens.py",
    "optimizers/_tensorflow_adam.py",
    "encoders/checkpoints/tf_checkpoint_source.py",
    "export/serving_log.py",
}


def test_models_speak_keras_ops_only():
    using = {
        file.relative_to(PACKAGE).as_posix()
        for file in MODULES
        if any(module.split(".")[0] == "tensorflow" for module, _ in imports_of(file))
    }
    assert using <= ALLOWED_TENSORFLOW


def test_importing_registers_every_class_and_loads_neither_transformers_nor_torch():
    code = "import sys, kerasbert; print(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    )
    registering = [file for file in MODULES if "\n@keras.saving.register" in file.read_text(encoding="utf-8")]
    names = {".".join(file.with_suffix("").relative_to(PACKAGE.parent).parts) for file in registering}
    assert len(names) > 10 and names <= loaded
    assert not loaded & {"transformers", "torch"}


def test_nothing_that_runs_code_from_files():
    forbidden = (
        "import pickle",
        "allow_pickle=True",
        "enable_unsafe",
        "safe_mode=False",
        "extractall",
        "yaml.load",
        "py_function",
    )
    found = [(file.name, word) for file in MODULES for word in forbidden if word in file.read_text(encoding="utf-8")]
    assert not found
