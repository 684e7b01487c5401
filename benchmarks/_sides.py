"""Run the sides of a comparison in turn, each in a process of its own, and print their ratios."""

import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence


def compare(sides: dict[str, Callable[..., float]], arguments: Sequence[str], *, unit: str, rounds: int = 3) -> None:
    """Print each side's figure and the median ratio of the first side to every other.

    Args:
        sides: name -> a function of the arguments that returns a figure. The script is called again as
            `script --side NAME ARGUMENTS` for each.
        arguments: of the sides, passed on as text.
        unit: of the figures.
        rounds: how often all sides run.
    """
    if sys.argv[1:2] == ["--side"]:
        print(sides[sys.argv[2]](*sys.argv[3:]))
        return
    first, *others = sides
    ratios: dict[str, list[float]] = {name: [] for name in others}
    for _ in range(rounds):
        figures = {name: _figure(name, arguments) for name in sides}
        print("   ".join(f"{name} {figure:.4g} {unit}" for name, figure in figures.items()), flush=True)
        for name in others:
            ratios[name].append(figures[first] / figures[name])
    for name in others:
        print(f"{first} / {name}: median ratio {statistics.median(ratios[name]):.2f}")


def _figure(side: str, arguments: Sequence[str]) -> float:
    command = [sys.executable, sys.argv[0], "--side", side, *arguments]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}
    result = subprocess.run(command, capture_output=True, env=environment, text=True)
    if result.returncode:
        raise SystemExit(f"{side} failed:\n{result.stderr[-3000:]}")
    return float(result.stdout.splitlines()[-1])
