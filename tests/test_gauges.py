"""The bounds of the package's design hold; `scripts/gauges` prints them."""

import importlib.machinery
import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPTS = Path(__file__).parent.parent / "scripts"


def script(name):
    loader = importlib.machinery.SourceFileLoader(name.removesuffix(".py"), str(SCRIPTS / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    sys.modules[loader.name] = module
    loader.exec_module(module)
    return module


gauges, walks = script("gauges"), script("walks.py")


@pytest.mark.parametrize("gauge", gauges.STATIC, ids=lambda gauge: gauge.__name__)
def test_a_bound_holds(gauge):
    assert gauge().holds, str(gauge())


@pytest.mark.slow
def test_a_text_takes_a_short_walk():
    done = subprocess.run([sys.executable, str(SCRIPTS / "gauges"), "--walks"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "value, form",
    [
        (walks.MARKED, walks.TEXT),
        ({"texts": ["a", walks.MARKED]}, walks.TEXT),
        ([*walks.MARKED_IDS, 1], walks.IDS),
        (np.array([[2, *walks.MARKED_IDS, 3]]), walks.IDS),
        ([np.array(walks.MARKED_IDS), walks.MARKED.encode()], walks.IDS | walks.TEXT),
    ],
    ids=["text", "inside", "ids", "batch", "both"],
)
def test_the_text_is_found(value, form):
    assert walks.forms(value) == form


def test_other_texts_are_not_the_marked_one():
    assert not walks.forms([*walks.OTHERS, walks.WORDS, np.arange(9), None, 3.5])


def test_a_check_does_not_pass_the_text_on():
    check = walks.Call("_core/checks.py", holds=True)
    reader = walks.Call("reading/a.py", holds=True, returns=True)
    step = walks.Call("training/b.py", holds=True, ends=True, calls=[walks.Call(walks.MODEL, holds=True, ends=True)])
    walk = walks.Walk.of(walks.Call("cli/c.py", holds=True, ends=True, calls=[reader, check, step]))
    assert walk.files == ["cli/c.py", "reading/a.py", "training/b.py", walks.MODEL]
    assert (walk.rooms, walk.num_returns) == (["reading", "training"], 0)


def test_a_wrapper_is_part_of_what_it_wraps():
    from kerasbert._core.checks import suggest_keywords

    def plain(*texts, **options):
        return texts

    wrapper = suggest_keywords(plain)
    assert walks.is_wrapper(wrapper.__code__) and not walks.is_wrapper(suggest_keywords.__code__)


def test_the_model_is_no_file_to_count():
    model = walks.Call(walks.MODEL, holds=True, ends=True)
    assert walks.Walk.of(walks.Call("cli/c.py", holds=True, ends=True, calls=[model])).num_files == 1


def test_a_room_that_the_text_comes_back_to_is_a_return():
    calls = [walks.Call(f"{room}/a.py", holds=True, returns=True) for room in ("reading", "batches", "reading")]
    assert walks.Walk.of(walks.Call("cli/c.py", holds=True, ends=True, calls=calls)).num_returns == 1
