"""Fixtures of all tests of figures."""

import matplotlib as mpl
import pytest
from figure_frames import NAMES
from matplotlib import pyplot


@pytest.fixture(autouse=True)
def settings_stay_as_they_are():
    before = dict(mpl.rcParams)
    yield
    assert dict(mpl.rcParams) == before
    assert not pyplot.get_fignums()


@pytest.fixture(params=NAMES)
def names(request):
    return NAMES[request.param]
