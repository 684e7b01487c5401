"""Choose by cross-validation: `Pipeline`, `cross_val_score`, and `GridSearchCV` over pooling and learning rate."""

import sys
from pathlib import Path

from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

import kerasbert as kb

SAMPLE = Path(kb.__file__).parent / "data" / "samples" / "customer_messages_train.jsonl"
GRID = {"classifier__pooling": ["mean", "cls"], "classifier__learning_rate": [5e-5, 1.5e-4]}


def without_spaces(texts: list[str]) -> list[str]:
    """Texts with each run of white space as one space; a step before the classifier."""
    return [" ".join(text.split()) for text in texts]


def main(
    limit: int = 240, encoder: str = "all-MiniLM-L6-v2", grid: dict[str, list[object]] = GRID
) -> tuple[float, dict[str, object]]:
    """Return the mean accuracy of the defaults over 2 folds, and the best arguments of the grid."""
    examples = kb.data.read_examples(SAMPLE, label_columns="label").take(range(limit))
    texts, labels = examples.texts, examples.labels["label"]
    classifier = kb.TextClassifier("multiclass", encoder=encoder, max_length=40, epochs=1, verbose=False)
    pipeline = Pipeline([("clean", FunctionTransformer(without_spaces)), ("classifier", classifier)])
    accuracy = float(cross_val_score(pipeline, texts, labels, cv=2).mean())
    search = GridSearchCV(pipeline, grid, cv=2).fit(texts, labels)
    return accuracy, search.best_params_


if __name__ == "__main__":
    print(main(*map(int, sys.argv[1:])))
