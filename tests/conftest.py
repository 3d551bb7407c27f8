"""What all tests share: where optional real data lie, and a calm hypothesis."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# No test may fail for slowness: speed is shown in benchmarks/. The same examples every time keep failures repeatable.
settings.register_profile("nociscope", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("nociscope")

os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real public data beside the checkout; skips where it is absent."""
    place = Path(os.environ.get("NOCISCOPE_SHARED", Path(__file__).parents[1].parent / "shared")) / "data"
    if not place.is_dir():
        pytest.skip("the real public data (folder `shared/data` beside the checkout) are not here")
    return place
