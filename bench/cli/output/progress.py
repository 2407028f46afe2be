"""The progress of a run: a bar in a terminal, else a line each half minute."""

import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from bench.cli.output.tables import error_console
from bench.cli.output.terminal import counted
from bench.cli.output.verbosity import is_quiet, note
from bench.store import BAD, Result

if TYPE_CHECKING:
    from bench.cells import Task, Unit
    from bench.engines import TimeLeft

_SECONDS = 30.0  # between two lines, where there is no bar
_SHORTEST_BAR = 8  # columns
_LONGEST_BAR = 40
_NAMED = 3  # running cells that a line names
_IMPORTING = "importing packages and drawing the first curves"


class RunProgress:
    """Shows how many cells are done and failed, which ones run, and the time left.

    Nothing is shown before the first cell begins, so that an error of the store, of a
    device or of a cluster stands alone, nor if all results are stored.

    Parameters
    ----------
    total
        The number of cells, transfers and audits.
    quiet : bool, optional
        Whether to show nothing but warnings; by default, whether `-q` is given.
    """

    def __init__(self, total: int, *, quiet: bool | None = None) -> None:
        self.total = total
        self.began = time.monotonic()
        self.done = self.computed = self.audits = self.failed = 0
        self.busy = 0.0
        self._left: TimeLeft | None = None
        self._lock = threading.Lock()  # what is shown is made in another thread
        self._console = error_console()
        self._quiet = is_quiet() if quiet is None else quiet
        self._display: _Bar | _Lines | None = None

    def planned(self, left: "TimeLeft") -> None:
        """Take what tells the time left."""
        self._left = left

    def begin(self, unit: "Unit") -> None:
        """Note that cells are begun; with the first ones progress is shown."""
        if self._display is None and not self._quiet:
            kind = _Bar if self._console.is_terminal else _Lines
            self._display = kind(self, self._console)
            self._display.start()
        if self._left is not None:
            with self._lock:
                self._left.begin(unit)

    def advance(self, cell: "Task", result: Result, fresh: bool) -> None:
        """Count a cell or an audit with a result; `fresh` if this run computed it."""
        self.done += 1
        if fresh:
            self.computed += 1
            self.audits += result.is_audit
            self.busy += result.fit_cpu_seconds or 0.0
            self.busy += result.predict_cpu_seconds or 0.0
        self.failed += result.status in BAD
        if self._left is not None:
            with self._lock:
                self._left.end(cell, result, fresh)

    def warn(self, message: str) -> None:
        """Print a message above the bar."""
        self._console.print(Text(f"bench: {message}"), soft_wrap=True)

    def summary(self) -> str:
        """Return a line with the counts and the time."""
        cells = counted(self.computed - self.audits, "cell")
        audits = f" and {counted(self.audits, 'audit')}" if self.audits else ""
        return (
            f"{cells}{audits} computed in {duration(time.monotonic() - self.began)} "
            f"(fits and predictions: {duration(self.busy)} of processor time)"
        )

    def counts(self) -> str:
        """Return a text such as ``12 of 260 cells done, 1 failed``."""
        return (
            f"{self.done} of {counted(self.total, 'cell')} done, {self.failed} failed"
        )

    def running(self) -> list[str]:
        """Name the cells that run, those that were begun last at the end."""
        if self._left is None:
            return []
        with self._lock:
            return [_name(unit) for unit in self._left.running]

    def left(self) -> str:
        """Return a text such as ``about 4 min left``; empty if that is not known."""
        if self._left is None:
            return ""
        self._left.prepare()  # no cell needs to wait for that
        with self._lock:
            seconds = self._left.seconds()
        return "" if seconds is None else f"about {duration(seconds)} left"

    @property
    def has_begun(self) -> bool:
        """Whether cells were about to begin."""
        return self._left is not None

    @property
    def is_starting(self) -> bool:
        """Whether no cell has ended yet."""
        return self._left is None or self._left.is_starting

    def __enter__(self) -> "RunProgress":
        return self

    def __exit__(self, *_: Any) -> None:
        if self._display is not None:
            self._display.stop()
            self._display = None


class _Lines:
    """Lines of progress, for a file or a pipe: at the start, the end, and between."""

    def __init__(self, progress: RunProgress, console: Console) -> None:
        self._progress = progress
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._repeat, daemon=True)

    def start(self) -> None:
        self._print(f"{self._progress.counts()}; {_IMPORTING}")
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()
        passed = duration(time.monotonic() - self._progress.began)
        self._print(f"{self._progress.counts()}, in {passed}")

    def _repeat(self) -> None:
        while not self._ended.wait(_SECONDS):
            self._print(line_of(self._progress))

    def _print(self, text: str) -> None:
        if sys.stderr is not None:
            with suppress(OSError, ValueError):  # the run goes on without it
                print(text, file=sys.stderr, flush=True)


def line_of(progress: RunProgress) -> str:
    """Return a line with all that is known now."""
    running = progress.running()
    parts = [progress.counts()]
    if running:
        names = ", ".join(running[:_NAMED]) + (", …" if len(running) > _NAMED else "")
        parts.append(f"{len(running)} running ({names})")
    if left := progress.left():
        parts.append(left)
    return ", ".join(parts)


class _Bar:
    """A bar, and below it the cells that run."""

    def __init__(self, progress: RunProgress, console: Console) -> None:
        self._progress = progress
        self._has_ended = False
        # Live asks for the text again and again, in a thread of its own.
        self._live = Live(self, console=console, refresh_per_second=2)

    def start(self) -> None:
        self._live.start()

    def stop(self) -> None:
        self._has_ended = True
        self._live.stop()

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> RenderResult:
        progress = self._progress
        counts = progress.counts()
        passed = clock(time.monotonic() - progress.began)
        left = "" if self._has_ended else progress.left()
        times = ", ".join(filter(None, [passed, left]))
        room = options.max_width - len(counts) - len(times) - 2
        if room >= _SHORTEST_BAR:
            bar = ProgressBar(
                total=max(1, progress.total),
                completed=progress.done,
                width=min(room, _LONGEST_BAR),
            )
            row = Table.grid(padding=(0, 1))
            row.add_row(Text(counts), bar, Text(times))
            yield row
        else:
            yield Text(counts)
            yield Text(times)
        if not self._has_ended and (names := self._names(options.max_width)):
            yield Text(names, style="dim", no_wrap=True, overflow="ellipsis")

    def _names(self, width: int) -> str:
        running = self._progress.running()
        if running and self._progress.is_starting:
            return _IMPORTING
        return fitting(running, width)


def fitting(names: Sequence[str], width: int) -> str:
    """Return ``running: a, b and 2 more`` with as many names as fit."""
    if not names:
        return ""
    for n in range(len(names), 0, -1):
        more = f" and {len(names) - n} more" if n < len(names) else ""
        text = f"running: {', '.join(names[:n])}{more}"
        if len(text) <= width:
            return text
    return text  # of one name; the terminal cuts it


def _name(unit: "Unit") -> str:
    """Name a unit such as ``SD on normal-100 (repetition 3)``."""
    first = unit[0]
    n_fits = sum(cell.target is None for cell in unit)
    which = f"repetition {first.repetition}"
    if n_fits > 1:
        which = f"{n_fits} repetitions"
    return f"{first.name or 'audit'} on {first.dataset.spec.id} ({which})"


@contextmanager
def activity(message: str, *, only_in_terminal: bool = False) -> Iterator[None]:
    """Say what the program does within the block.

    In a terminal it stands beside a spinner, and vanishes at the end.
    """
    console = error_console()
    if console.is_terminal and not is_quiet():
        with console.status(Text(message)):
            yield
        return
    if not only_in_terminal:
        note(message)
    yield


def name_some(names: Sequence[str], most: int = 6) -> str:
    """Join the first few names and count the rest."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")


def duration(seconds: float) -> str:
    """Write a duration such as ``8 s``, ``1 min 20 s`` or ``3 h 10 min``."""
    if seconds < 9.5:
        return f"{max(1, round(seconds))} s"
    if seconds < 57.5:
        return f"{5 * round(seconds / 5)} s"
    if seconds < 295:
        minutes, rest = divmod(10 * round(seconds / 10), 60)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(round(seconds / 3600), 24)
    noun = "day" if days == 1 else "days"
    return f"{days} {noun} {hours} h" if hours else f"{days} {noun}"


def clock(seconds: float) -> str:
    """Write the time passed, such as ``0:07`` or ``2:03:10``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
