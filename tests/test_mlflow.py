import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import kerasbert as kb

TEXTS = ["good card", "bad parcel", "thanks"]
# Runs in an environment of MLflow's own, where there is one.
PYTHON = os.environ.get("KERASBERT_MLFLOW_PYTHON", sys.executable)
CLIENT = """
import json, sys
import mlflow, pandas
import kerasbert, kerasbert.mlflow

store, *folders = sys.argv[1:]
mlflow.set_tracking_uri(f"file://{store}")
mlflow.set_experiment("classifiers")
answers = []
for folder in folders:
    with mlflow.start_run():
        uri = kerasbert.mlflow.log_model(kerasbert.load(folder), name="classifier").model_uri
    texts = json.load(open(f"{store}.json"))
    model = mlflow.pyfunc.load_model(uri)
    table = model.predict(pandas.DataFrame({"text": texts}))
    again = kerasbert.mlflow.load_model(uri).predict_proba(texts)
    again = again if isinstance(again, dict) else {"": again}
    answers.append({
        "table": table.to_dict("list"),
        "again": {head: values.tolist() for head, values in again.items()},
        "inputs": model.metadata.signature.inputs.to_dict(),
        "outputs": [one["name"] for one in model.metadata.signature.outputs.to_dict()],
        "flavors": sorted(model.metadata.flavors),
    })
try:
    model.predict(pandas.DataFrame({"other": texts}))
except Exception as error:
    print(error, file=sys.stderr)
json.dump(answers, sys.stdout)
"""


@pytest.mark.peer
def test_a_run_gives_back_what_was_logged(saved_classifier, tmp_path):
    probe = subprocess.run([PYTHON, "-c", "import mlflow, pandas"], capture_output=True)
    if probe.returncode:
        pytest.skip("MLflow is not installed: pip install 'kerasbert[mlflow]', or set KERASBERT_MLFLOW_PYTHON")
    (tmp_path / "store.json").write_text(json.dumps(TEXTS))
    folders = [str(saved_classifier(task)) for task in ("multiclass", "multitask")]
    root = str(Path(kb.__file__).parent.parent)
    environment = {**os.environ, "PYTHONPATH": root, "MLFLOW_ALLOW_FILE_STORE": "true"}
    command = [PYTHON, "-c", CLIENT, str(tmp_path / "store"), *folders]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    single, several = json.loads(done.stdout)
    assert single["flavors"] == ["kerasbert", "python_function"]
    assert [one["name"] for one in single["inputs"]] == ["text"] and single["outputs"] == ["labels", "probabilities"]
    classifier = kb.load(folders[0])
    assert single["table"]["labels"] == [[label] for label in classifier.predict(TEXTS)]
    np.testing.assert_allclose(single["table"]["probabilities"], classifier.predict_proba(TEXTS), atol=1e-6)
    np.testing.assert_allclose(single["again"][""], classifier.predict_proba(TEXTS), atol=1e-6)
    expected = kb.load(folders[1])
    assert several["table"]["flags_labels"] == expected.predict(TEXTS)["flags"]
    np.testing.assert_allclose(several["table"]["spam_probabilities"], expected.predict_proba(TEXTS)["spam"], atol=1e-6)
    assert not list((tmp_path / "store").rglob("*.pkl"))
