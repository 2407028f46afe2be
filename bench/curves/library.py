"""Function libraries: text files from which random symbolic curves are drawn."""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np

from bench.base import (
    LibraryError,
    MissingFileError,
    did_you_mean,
    is_file,
    read_bytes,
    resources,
    shown,
    split,
)
from bench.curves.arrays import Block, as_points, block_sizes, collect
from bench.curves.expressions import KINDS, Coefficient, distinct, evaluate
from bench.curves.functions import Function, cost, count_terms, read_functions

MAX_BYTES = 2**20
CHUNK_ELEMENTS = 2**18  # curves × points of a block: the size of each intermediate
PROBE_POINTS = 2_000
PROBE_OPERATIONS = 2 * 10**7  # terms × curves × points: at most a second
PROBE_ELEMENTS = 2**22  # terms × curves × points in memory at a time: 32 MiB


@dataclass(frozen=True)
class FunctionLibrary:
    """Functions with random coefficients, from which symbolic curves are drawn.

    Attributes
    ----------
    name
        The file's name without its suffix.
    text
        The file's content, which identifies the library in keys.
    functions
        One function for each line.
    n_inputs
        Number of columns of the input that the library reads or gives a gradient for.
    """

    name: str
    text: str
    functions: tuple[Function, ...]
    n_inputs: int

    @overload
    def sample(
        self,
        x: np.ndarray,
        n_curves: int,
        rng: np.random.Generator,
        gradients: Literal[False] = ...,
        dtype: Any = ...,
    ) -> np.ndarray: ...
    @overload
    def sample(
        self,
        x: np.ndarray,
        n_curves: int,
        rng: np.random.Generator,
        gradients: Literal[True],
        dtype: Any = ...,
    ) -> tuple[np.ndarray, np.ndarray]: ...
    def sample(
        self,
        x: np.ndarray,
        n_curves: int,
        rng: np.random.Generator,
        gradients: bool = False,
        dtype: Any = np.float64,
    ) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
        """Draw curves: each of a random function with new random coefficients.

        The first k curves of a larger draw are the smaller draw, bit for bit.

        Parameters
        ----------
        x : array of shape (n_points, n_inputs) or (n_points,)
            The points, the same for every curve.
        n_curves : int
            Number of curves to draw.
        rng : numpy.random.Generator
            The generator; it advances by an amount that does not depend on `n_curves`.
        gradients : bool, default=False
            Whether to return the exact gradients too.
        dtype : float64 or float32
            Type of the points, the coefficients, all arithmetic and the result.

        Returns
        -------
        values : array of shape (n_curves, n_points)
        gradients : array of shape (n_curves, n_points, n_inputs), if requested
        """
        x = self._points(x, dtype)
        blocks = self.stream(x, n_curves, rng, gradients, dtype)
        values, gradient_values = collect(blocks, n_curves, x, gradients, dtype)
        return values if gradient_values is None else (values, gradient_values)

    def stream(
        self,
        x: np.ndarray,
        n_curves: int,
        rng: np.random.Generator,
        gradients: bool = False,
        dtype: Any = np.float64,
    ) -> Iterator[Block]:
        """Yield the curves of `sample` in blocks, so that memory stays bounded.

        Yields
        ------
        values : array of shape (n, n_points)
        gradients : array of shape (n, n_points, n_inputs), or None
        """
        x = self._points(x, dtype)
        picks, *coefficient_streams = split(rng, 1 + len(KINDS))
        chunk = max(1, CHUNK_ELEMENTS // len(x))
        for size in block_sizes(n_curves, chunk):
            picked = picks.integers(len(self.functions), size=size)
            coefficients = self._coefficients(coefficient_streams, size, dtype)
            values = np.empty((size, len(x)), dtype)
            gradient_values = np.empty((size, *x.shape), dtype) if gradients else None
            for k, function in enumerate(self.functions):
                rows = np.flatnonzero(picked == k)
                if rows.size:
                    chosen = {kind: drawn[rows] for kind, drawn in coefficients.items()}
                    _fill(function, x, chosen, values, gradient_values, rows)
            yield values, gradient_values

    def only(self, positions: Iterable[int]) -> "FunctionLibrary":
        """Return a library of the functions at some positions."""
        return replace(self, functions=tuple(self.functions[i] for i in positions))

    def probe(
        self, x: np.ndarray, dtype: Any = np.float64, n_curves: int = 1000
    ) -> None:
        """Raise a LibraryError that names a function with values that are not finite.

        Each function is drawn `n_curves` times on `x`, from a fixed seed. The probe
        takes at most a second. Of more than 2,000 points it therefore takes some:
        evenly spaced ones in the order of the first column, and in each column the
        smallest, the largest and the one nearest zero. A library of thousands of terms
        is probed with fewer curves and points. `make_dataset` checks all curves that
        it draws.
        """
        x = self._points(x, dtype)
        terms = [count_terms([f.value, *f.gradients]) for f in self.functions]
        elements = PROBE_OPERATIONS // sum(map(cost, self.functions))
        x = _spread(x, min(PROBE_POINTS, max(50, elements // 20)))
        n_curves = min(n_curves, max(5, elements // len(x)))
        streams = split(np.random.default_rng(0), len(KINDS))
        # An evaluation holds every intermediate of a function at once.
        chunk = max(1, min(CHUNK_ELEMENTS, PROBE_ELEMENTS // max(terms)) // len(x))
        for size in block_sizes(n_curves, chunk):
            coefficients = self._coefficients(streams, size, dtype)
            for function in self.functions:
                nodes = [function.value, *function.gradients]
                parts = evaluate(nodes, x, coefficients)
                for node, part in zip(nodes, parts, strict=True):
                    if not np.isfinite(part).all():
                        kind = "value" if node is function.value else "gradient"
                        raise LibraryError(
                            f"{self.name}, line {function.line}: "
                            f"'{shown(function.text, 60)}' has a {kind} that is not "
                            f"finite, found among {n_curves} random curves"
                            f"{_outside(function, x)}; keep divisors, logarithms, "
                            "roots and exponents away from their limits"
                        )

    def _points(self, x: np.ndarray, dtype: Any) -> np.ndarray:
        reader = f"{self.name}: reads {self.n_inputs} input column(s), "
        return as_points(x, dtype, self.n_inputs, LibraryError, reader)

    def _coefficients(
        self, streams: list[np.random.Generator], size: int, dtype: Any
    ) -> dict[str, np.ndarray]:
        """Draw a row of coefficients for each curve.

        Each kind has a stream of its own, so that the rows of a smaller draw are the
        first rows of a larger one.
        """
        (normal, uniform, sign), counts = streams, self._counts
        return {
            "N": normal.standard_normal((size, counts["N"]), dtype=dtype),
            "U": uniform.random((size, counts["U"]), dtype=dtype),
            "S": np.where(sign.random((size, counts["S"])) < 0.5, -1, 1).astype(dtype),
        }

    @cached_property
    def _counts(self) -> dict[str, int]:
        """The number of coefficients of each kind that a curve draws."""
        counts = dict.fromkeys(KINDS, 0)
        nodes = [node for f in self.functions for node in (f.value, *f.gradients)]
        for leaf in distinct(nodes):
            if isinstance(leaf, Coefficient):
                counts[leaf.kind] = max(counts[leaf.kind], leaf.index + 1)
        return counts


def _fill(
    function: Function,
    x: np.ndarray,
    coefficients: dict[str, np.ndarray],
    values: np.ndarray,
    gradients: np.ndarray | None,
    rows: np.ndarray,
) -> None:
    """Write the curves of one function into some rows of the arrays."""
    if gradients is None:
        values[rows] = evaluate([function.value], x, coefficients)[0]
        return
    parts = evaluate([function.value, *function.gradients], x, coefficients)
    values[rows] = parts[0]
    gradients[rows] = 0.0  # for columns of x that the library does not read
    for column, part in enumerate(parts[1:]):
        gradients[rows, :, column] = part


def _outside(function: Function, x: np.ndarray) -> str:
    """Say which points lie outside the ranges that the function's comment gives."""
    for column, (low, high) in enumerate(function.ranges):
        smallest, largest = x[:, column].min(), x[:, column].max()
        if smallest < low or largest > high:
            return (
                f", on points whose column {column} lies in [{smallest:g}, "
                f"{largest:g}] where its comment says [{low:g}, {high:g}]"
            )
    return ""


def _spread(x: np.ndarray, n_points: int) -> np.ndarray:
    """Pick points: evenly spaced in order, the extremes, and those nearest zero."""
    if len(x) <= n_points:
        return x
    order = np.argsort(x[:, 0], kind="stable")
    even = order[np.linspace(0, len(x) - 1, n_points).astype(int)]
    ends = [x.argmin(axis=0), x.argmax(axis=0), np.abs(x).argmin(axis=0)]
    picked: np.ndarray = x[np.unique(np.concatenate([even, *ends]))]
    return picked


def find_library(name_or_path: str | Path, folder: Path | None = None) -> Path:
    """Find a library by a path relative to `folder`, or by a name there or in funs/."""
    folder = Path() if folder is None else folder
    name = str(name_or_path)
    candidates = [folder / name]
    if not name.endswith(".lib"):
        candidates = [folder / f"{name}.lib", folder / name]
        if Path(name).name == name:
            candidates.append(resources.LIBRARIES / f"{name}.lib")
    for candidate in candidates:
        if is_file(candidate):
            return candidate
    known = {
        path.stem
        for where in (folder, resources.LIBRARIES)
        for path in filter(is_file, where.glob("*.lib"))
    }
    raise MissingFileError(
        f"no function library '{shown(name, 80)}' in {folder} or among the shipped "
        f"ones ({', '.join(sorted(known))}){did_you_mean(name, known)}"
    )


def load_library(
    name_or_path: str | Path, folder: Path | None = None
) -> FunctionLibrary:
    """Read, parse and check a function library.

    Parameters
    ----------
    name_or_path
        A shipped library's name (``F11_v1``) or the path of a ``.lib`` file.
    folder
        The folder of relative paths; the current one by default.

    Raises
    ------
    MissingFileError
        If there is no such library.
    LibraryError
        If a line is outside the grammar or has a wrong gradient; the message names the
        file and the line.
    """
    path = find_library(name_or_path, folder)
    try:
        raw, size = read_bytes(path, MAX_BYTES), path.stat().st_size
    except OSError as error:
        raise MissingFileError(
            f"{path}: cannot be read ({error.strerror}); expected a text file"
        ) from None
    if len(raw) > MAX_BYTES:
        raise LibraryError(
            f"{path}: {size} bytes; expected at most {MAX_BYTES}: split the library"
        )
    try:
        text = io.TextIOWrapper(io.BytesIO(raw), "utf-8-sig").read()
    except UnicodeDecodeError:
        raise LibraryError(
            f"{path}: not a text file in UTF-8; save it in that encoding"
        ) from None
    return parse_library(text, path.stem, str(path))


def parse_library(text: str, name: str, where: str | None = None) -> FunctionLibrary:
    """Parse a library's text; see `load_library`."""
    return FunctionLibrary(name, text, *read_functions(text, where or name))
