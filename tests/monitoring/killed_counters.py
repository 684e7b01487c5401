"""Two processes at once count into the state of a monitor and are killed at any moment: FOLDER KILLS.

After each kill the state is whole: it holds what the dead had been told is counted, and no batch in part.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

# What this takes needs no Keras.
import kerasbert_command  # noqa: F401

sys.path.insert(0, str(Path(__file__).parent))

from toy_drift import draw

from kerasbert.monitoring.monitor_state import MonitorState, locked, read_state, write_state

PART = draw("multilabel", 3, seed=0)


def count(folder: Path, name: str, told: int) -> None:
    """Count batches for ever, and tell each one that is counted."""
    step = 0
    while True:
        with locked(folder):
            state = read_state(folder)
            state.window = PART if state.window is None else state.window + PART
            state.columns = [*(state.columns or ()), f"{name} {step}"]
            write_state(state, folder)
        os.write(told, b".")
        # The lock is not fair: what takes it again at once starves the others.
        time.sleep(0.01 * random.random())
        step += 1


def start(folder: Path, name: str) -> tuple[int, int]:
    """Fork a counting process; return its number and where it tells."""
    told, telling = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(told)
        count(folder, name, telling)
    os.close(telling)
    return process, told


def counted(folder: Path) -> list[str]:
    """The batches of a state, which must be whole."""
    with locked(folder):
        state = read_state(folder)
    state.columns = state.columns or []
    rows = 0 if state.window is None else state.window.num_rows
    if rows != PART.num_rows * len(state.columns) or len(set(state.columns)) != len(state.columns):
        raise SystemExit(f"{rows} rows, {len(state.columns)} batches")
    return state.columns


def main() -> None:
    """Kill one of the two after the other."""
    folder, kills = Path(sys.argv[1]), int(sys.argv[2])
    settings = {"window": 10**9, "false_alarm_rate": 0.05, "guarantee": "each"}
    write_state(MonitorState("f", settings), folder)
    running = {name: start(folder, name) for name in ("first 0", "second 0")}
    total = 0
    for number in range(1, kills + 1):
        time.sleep(random.random() * 0.1)
        name = random.choice(list(running))
        process, told = running.pop(name)
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        acknowledged = len(os.read(told, 10**6))
        os.close(told)
        own = [one for one in counted(folder) if one.startswith(f"{name} ")]
        if own != [f"{name} {step}" for step in range(len(own))] or len(own) - acknowledged not in (0, 1):
            raise SystemExit(f"{name}: {acknowledged} told, counted {own}")
        total += len(own)
        running[f"{name.split()[0]} {number}"] = start(folder, f"{name.split()[0]} {number}")
    for process, _ in running.values():
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
    print(kills, "kills", total, "batches of the killed,", len(counted(folder)), "in all")


main()
