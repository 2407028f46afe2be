import pytest

from bench.curves.recorded.read import read_recorded
from bench.suite import RecordedSpec


@pytest.fixture
def read(tmp_path):
    """Read one file of the given content, which a function may also write itself."""

    def read(name, content, delimiter=None, decimal=None, **entry):
        path = tmp_path / name
        if callable(content):
            content(path)
        else:
            raw = content if isinstance(content, bytes) else content.encode()
            path.write_bytes(raw)
        source = {"files": name, "delimiter": delimiter, "decimal": decimal}
        spec = RecordedSpec(id="mine", recorded=source, **entry)
        return read_recorded(spec, tmp_path)

    return read
