"""Which cells begin beside which, on a clock that only the tests advance."""

import heapq
import os
import threading
import time
from dataclasses import dataclass
from itertools import count

import pytest

from bench.base.errors import EngineError
from bench.engines.admission import VISIBLE, Line, Places, on_gpus
from bench.engines.schedule import InOrder


@dataclass(eq=False)
class Job:
    """A task of so many seconds, as far as admission asks."""

    name: str
    seconds: float = 1.0
    slots: int = 1
    threads: int = 1
    gpus: int = 0


def jobs(text, **needs):
    return [Job(name, **needs) for name in text]


def began(places, tasks):
    """Compute tasks on a virtual clock; return the second in which each began."""
    waiting = list(tasks)
    now, ends, numbers, seconds = 0.0, [], count(), {}
    while waiting or ends:
        for task in list(waiting):
            grant = places.take(task)
            if grant is not None:
                waiting.remove(task)
                seconds[task.name] = now
                heapq.heappush(ends, (now + task.seconds, next(numbers), grant))
        now = ends[0][0]
        while ends and ends[0][0] == now:
            places.give_back(heapq.heappop(ends)[2])
    return seconds


def test_so_many_begin_at_once_as_there_are_places():
    assert began(Places(2), jobs("abcde")) == {"a": 0, "b": 0, "c": 1, "d": 1, "e": 2}


def test_threads_never_outnumber_the_cores():
    places = Places(4, 4)
    found = began(places, [*jobs("ab", threads=2), *jobs("cd")])
    assert found == {"a": 0, "b": 0, "c": 1, "d": 1}
    assert began(Places(3, 4), jobs("abc", threads=2)) == {"a": 0, "b": 0, "c": 1}


def test_a_wide_cell_is_not_starved_by_small_ones_that_could_pass():
    # Every second one place is free, and never two, if small ones went on.
    small = [Job("a", 1), Job("b", 2), *jobs("cdefgh", seconds=2)]
    tasks = [*small[:2], Job("W", 1, slots=2), *small[2:]]
    found = began(Places(2), tasks)
    assert found["W"] == 2
    assert [found[name] for name in "cdefgh"] == [3, 3, 5, 5, 7, 7]


def test_a_cell_runs_beside_as_many_as_fit():
    found = began(Places(4), [Job("W", 10, slots=3), *jobs("abc")])
    assert found == {"W": 0, "a": 0, "b": 1, "c": 2}


def test_a_cell_that_asks_for_more_than_there_is_takes_all():
    found = began(Places(2, 2), [Job("a"), Job("W", slots=9, threads=9), Job("b")])
    assert found == {"a": 0, "W": 1, "b": 2}


def test_who_waits_for_a_gpu_lets_others_pass_that_need_none():
    gpu = jobs("ABC", seconds=3, gpus=1)
    found = began(Places(2, None, ["0"]), [*gpu, *jobs("abcd")])
    assert found == {"A": 0, "a": 0, "b": 1, "c": 2, "B": 3, "d": 3, "C": 6}


def test_a_cell_of_two_gpus_is_not_starved_by_those_of_one():
    tasks = [Job("a", 1, gpus=1), Job("b", 2, gpus=1), Job("W", 1, gpus=2)]
    tasks += jobs("cdef", seconds=2, gpus=1)
    found = began(Places(9, None, ["0", "1"]), tasks)
    assert found["W"] == 2
    assert [found[name] for name in "cdef"] == [3, 3, 5, 5]


def test_no_two_cells_have_one_gpu():
    places = Places(4, None, ["0", "GPU-b", "2"])
    first, second = (places.take(Job("a", gpus=n)) for n in (2, 1))
    assert sorted(first.gpus + second.gpus) == ["0", "2", "GPU-b"]
    assert places.take(Job("b", gpus=1)) is None
    places.give_back(first)
    assert set(places.take(Job("b", gpus=1)).gpus) <= set(first.gpus)


def test_more_gpus_than_there_are_is_an_error():
    with pytest.raises(EngineError, match="'a' asks for 2 and there are 1"):
        Places(1, None, ["0"]).take(Job("a", gpus=2))


def test_it_is_full_when_nothing_whatever_can_begin():
    places = Places(2, None, ["0"])
    grant = places.take(Job("a", gpus=1))
    assert not places.admits(Job("b", gpus=1))
    assert not places.is_full  # those that need no GPU may pass
    assert not places.admits(Job("c", slots=2))
    assert places.is_full  # the free place is kept
    places.give_back(grant)
    assert not places.is_full


@pytest.mark.parametrize(
    ("needs", "share"),
    [
        ({}, 1 / 4),
        ({"slots": 2}, 1 / 2),
        ({"threads": 4}, 2 / 3),
        ({"gpus": 1}, 1),
        ({"slots": 99, "threads": 99}, 1),
    ],
)
def test_the_share_of_a_cell_is_that_of_what_is_scarcest(needs, share):
    assert Places(4, 6, ["0"]).share(Job("a", **needs)) == pytest.approx(share)


def test_units_in_order_wait_for_the_first():
    places = Places(2)
    batches = InOrder([((job,),) for job in (Job("a"), Job("W", slots=2), Job("b"))])

    def take():
        batch = batches.take(lambda unit: places.admits(unit[0]))
        return batch and (batch[0][0].name, places.take(batch[0][0]))

    name, grant = take()
    assert name == "a"
    assert take() is None
    places.give_back(grant)
    assert [take()[0], take()] == ["W", None]


def test_threads_wait_in_line_and_leave_it_when_they_are_not_wanted(monkeypatch):
    monkeypatch.setattr("bench.engines.admission._POLL_SECONDS", 0.01)
    line = Line(Places(2))
    first = line.take(Job("a"))
    order = []

    def wait(task, is_wanted=lambda: True):
        grant = line.take(task, is_wanted)
        order.append(task.name if grant else f"{task.name} left")

    threads = []
    unwanted = threading.Event()
    for task, is_wanted in (
        (Job("W", slots=2), lambda: not unwanted.is_set()),
        (Job("b"), lambda: True),
    ):
        threads.append(threading.Thread(target=wait, args=(task, is_wanted)))
        threads[-1].start()
        while len(line._waiting) < len(threads):
            time.sleep(0.001)
    assert order == []  # b does not pass the wide one
    unwanted.set()
    for thread in threads:
        thread.join(10)
    assert sorted(order) == ["W left", "b"]
    line.give_back(first)
    assert line.take(Job("c")).slots == 1


def test_a_call_sees_its_gpus_alone(monkeypatch):
    monkeypatch.setenv(VISIBLE, "5")
    assert on_gpus(("GPU-a", "2"), os.environ.get, VISIBLE) == "GPU-a,2"
