"""Peak memory and time of a training step with and without gradient checkpointing.

python benchmarks/gradient_checkpointing.py --batch 32 --length 256
"""

import argparse
import subprocess
import sys

RUN = """
import resource, sys, time
import numpy as np
import kerasbert as kb

batch, length, checkpointing, encoder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "True", sys.argv[4]
model = kb.build_multiclass(5, encoder=encoder)
model.encoder.gradient_checkpointing = checkpointing
random = np.random.default_rng(0)
ids = random.integers(1000, 20000, (batch, length)).astype("int32")
inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
labels = random.integers(0, 5, batch)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
model.train_on_batch(inputs, labels)
start = time.process_time()
loss = float(model.train_on_batch(inputs, labels)[0])
seconds = time.process_time() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(f"RESULT {before / 1024:.0f} {(peak - before) / 1024:.0f} {seconds:.2f} {loss:.6f}")
"""


def main() -> None:
    """Measure both in processes of their own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--length", type=int, default=256)
    parser.add_argument("--encoder", default="all-MiniLM-L6-v2")
    arguments = parser.parse_args()
    print("gradient checkpointing | memory before, MB | the step takes, MB | CPU seconds of a step")
    for checkpointing in (False, True):
        options = [arguments.batch, arguments.length, checkpointing, arguments.encoder]
        done = subprocess.run([sys.executable, "-c", RUN, *map(str, options)], capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stderr[-2000:])
        result = next(line for line in done.stdout.splitlines() if line.startswith("RESULT")).split()
        print(f"{checkpointing!s:5} | {result[1]} | {result[2]} | {result[3]}", flush=True)


if __name__ == "__main__":
    main()
