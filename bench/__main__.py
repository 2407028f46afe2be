"""``python -m bench``."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 (whoever starts it may have an older one)
    # Before anything of ours is imported, which an older Python cannot read.
    sys.stderr.write(
        "bench: {} is Python {}.{}; expected 3.11 or later: run `make quick "
        "PYTHON=python3.11` in a checkout, or activate its environment: "
        "`. .venv/bin/activate`\n".format(sys.executable, *sys.version_info[:2])
    )
    sys.exit(2)

from bench.cli import main

if __name__ == "__main__":
    sys.exit(main())
