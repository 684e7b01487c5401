"""Time of `import kerasbert` over that of `import keras` with TensorFlow, in fresh processes, in turn.

python benchmarks/import_time.py
"""

import os
import statistics
import subprocess
import sys
import time

ROUNDS = 7


def seconds_of(statement: str) -> float:
    """Seconds that a fresh Python takes for a statement."""
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True, env=environment, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    """Print the median of the ratios."""
    seconds_of("import kerasbert")
    pairs = [(seconds_of("import kerasbert"), seconds_of("import keras")) for _ in range(ROUNDS)]
    ratios = [ours / theirs for ours, theirs in pairs]
    print(f"import kerasbert {statistics.median(ours for ours, _ in pairs):.2f} s")
    print(f"import keras     {statistics.median(theirs for _, theirs in pairs):.2f} s")
    print(f"ratio            {statistics.median(ratios):.2f}  ({min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    main()
