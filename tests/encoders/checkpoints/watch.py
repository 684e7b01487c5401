"""Load every malformed folder under an audit hook, and print what was seen as one line of JSON.

python -m encoders.checkpoints.watch FOLDER
"""

import contextlib
import importlib.util
import io
import json
import os
import resource
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import keras

from kerasbert import KerasBertError, TFBertModel, cli

from .corpus import CASES, CONFIG, SENTINEL, TENSORS, make_good, write_config
from .formats import FORMATS

FORBIDDEN = ("socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork",
             "marshal.loads", "pickle.find_class", "exec", "compile")  # fmt: skip


ROOM_BYTES, SECONDS = 2 << 30, 30


class Watch:
    """An audit hook that notes, while it is on, what no loading may do.

    Args:
        root: the only folder outside Python's own whose files may be opened.
    """

    def __init__(self, root):
        self.allowed = (str(root), sys.prefix, sys.base_prefix, "/proc/", "/dev/null")
        self.seen, self.on = [], False
        sys.addaudithook(self)

    def __call__(self, event, arguments):
        if not self.on:
            return
        if event in FORBIDDEN:
            self.seen.append(event)
        elif event == "open" and isinstance(arguments[0], (str, os.PathLike)):
            if not str(arguments[0]).startswith(self.allowed):
                self.seen.append(event)

    def during(self, action):
        """The events that an action causes."""
        self.seen, self.on = [], True
        try:
            action()
        finally:
            self.on = False
        return sorted(set(self.seen))


def warm_up(folder):
    """Load a good folder of every format, so that nothing is imported while the hook is on."""
    for number, write in enumerate(FORMATS.values()):
        if "pytorch" in write.__name__ and importlib.util.find_spec("torch") is None:
            continue
        write_config(folder / str(number), CONFIG)
        write(TENSORS, folder / str(number))
        TFBertModel.from_pretrained(folder / str(number))


def refused(folder):
    try:
        TFBertModel.from_pretrained(folder)
    except (KerasBertError, TypeError):
        return
    raise SystemExit(f"{folder} was loaded")


def limit_memory():
    """Let this process map 2 GB more than it has now."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + ROOM_BYTES,) * 2)


def within_time(action, folder):
    """Do something to a folder; after 30 seconds the process is killed."""
    signal.alarm(SECONDS)
    action(folder)
    signal.alarm(0)


def inspected(folder):
    """Its report, made without building a model."""
    build, keras.Model.__init__ = keras.Model.__init__, None
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            code = cli.main(["inspect", str(folder)])
    finally:
        keras.Model.__init__ = build
    if code not in (0, 1):
        raise SystemExit(f"inspect {folder} ended with {code}")


def load_with_ignored_keys(folder):
    """A good folder whose config names code and files elsewhere; it loads, and none of them is touched."""
    (folder / "evil.py").write_text("open('sentinel', 'w')")
    ignored = {"auto_map": {"AutoModel": "evil.Model"}, "trust_remote_code": True, "vocab_file": "/etc/passwd"}
    (folder / "config.json").write_text(json.dumps({**CONFIG.to_dict(), **ignored}))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        TFBertModel.from_pretrained(folder)
    assert "auto_map, trust_remote_code ignored" in str(caught[0].message)


def control():
    """What the hook must see, or its silence means nothing."""
    open("/etc/hostname").close()
    subprocess.run(["true"], check=True)


def main(root):
    watch = Watch(root)
    seen_in_control = watch.during(control)
    (root / "good").mkdir()
    warm_up(root / "good")
    cases = [case for case in CASES.values() if not case.needs or importlib.util.find_spec(case.needs)]
    folders = [root / str(number) for number in range(len(cases))]
    for case, folder in zip(cases, folders, strict=True):
        make_good(folder)
        case.spoil(folder)
    # Once without the hook, because a refusal may import what a good folder does not.
    limit_memory()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for folder in folders:
        within_time(refused, folder)
        within_time(inspected, folder)
    growth = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    found = {c.name: watch.during(lambda f=f: (refused(f), inspected(f)))
             for c, f in zip(cases, folders, strict=True)}  # fmt: skip
    found["keys that are ignored"] = watch.during(lambda: load_with_ignored_keys(root / "good" / "0"))
    sentinels = [str(folder) for folder in folders if (folder / SENTINEL).exists()]
    seen = {name: events for name, events in found.items() if events}
    control_events = [event for event in seen_in_control if event in ("open", "subprocess.Popen")]
    print(
        json.dumps(
            {
                "seen": seen,
                "sentinels": sentinels,
                "growth_mb": growth / 1024,
                "cases": len(cases),
                "control": control_events,
            }
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
