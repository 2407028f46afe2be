"""The import statements of a Python text, read without running it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_IMPORTERS = ("import_module", "__import__")  # functions that are given a module's name


@dataclass(frozen=True)
class Imported:
    """What one statement imports.

    Attributes
    ----------
    module
        The module: ``a.b`` of ``import a.b`` and of ``from a.b import c``; empty for
        ``from . import c``.
    names
        The names after ``import`` in a statement with ``from``, which may be modules.
    level
        The number of dots before the module.
    """

    module: str
    names: tuple[str, ...] = ()
    level: int = 0

    @property
    def candidates(self) -> list[str]:
        """The modules that it may import: ``a.b`` and ``a.b.c``."""
        start = f"{self.module}." if self.module else ""
        return [n for n in (self.module, *(start + x for x in self.names)) if n]

    @property
    def tops(self) -> list[str]:
        """The first part of each candidate, each once."""
        return list(dict.fromkeys(n.partition(".")[0] for n in self.candidates))


@lru_cache(maxsize=1024)
def imported_by(text: str, *, top_level: bool = False) -> tuple[Imported, ...]:
    """Return what a text imports; nothing if it is not Python.

    Parameters
    ----------
    top_level : bool
        Whether to read only the statements that run whenever it is imported, and not
        those within functions, classes, conditions and ``try``.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    nodes = tree.body if top_level else ast.walk(tree)
    return tuple(found for node in nodes for found in _imported(node))


def _imported(node: ast.AST) -> Iterator[Imported]:
    match node:
        case ast.Import():
            yield from (Imported(alias.name) for alias in node.names)
        case ast.ImportFrom():
            names = tuple(alias.name for alias in node.names if alias.name != "*")
            yield Imported(node.module or "", names, node.level)
        case ast.Call(
            func=ast.Name(id=name) | ast.Attribute(attr=name),
            args=[ast.Constant(value=str(module)), *_],
        ) if name in _IMPORTERS and module and not module.startswith("."):
            yield Imported(module)
