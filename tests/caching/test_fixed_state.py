from kerasbert.caching.fixed_state import FixedState


def test_what_never_changes():
    state = FixedState({"file": "f00d"})
    assert state.unchanged() and len(state.digest) == 32 and state.digest != FixedState({"file": "beef"}).digest
