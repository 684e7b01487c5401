import pytest

from kerasbert.export import comparison


@pytest.fixture(autouse=True, scope="session")
def _exports_are_timed_shortly():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comparison, "TIMED_CALLS", 3)
        yield
