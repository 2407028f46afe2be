"""Which workers a cell may go to, by what they say that they offer."""

import pytest

from bench.base.errors import EngineError
from bench.engines.admission import VISIBLE
from bench.engines.config import CellClass
from bench.engines.dask_pools import GPU, Pools, class_of, resource_of


class Task:
    """A task, as far as pools ask."""

    def __init__(self, name="a", threads=1, slots=1, gpus=0):
        self.name, self.threads, self.slots, self.gpus = name, threads, slots, gpus


class Client:
    """A client of workers that are given as (host, threads, resources, variables)."""

    def __init__(self, *workers):
        self.workers = workers

    def scheduler_info(self, n_workers):
        return {
            "workers": {
                f"tcp://{i}": {"host": host, "nthreads": threads, "resources": offers}
                for i, (host, threads, offers, *_) in enumerate(self.workers)
            }
        }

    def run(self, function, name, workers):
        assert name == VISIBLE
        return {w: self.workers[int(w.removeprefix("tcp://"))][3] for w in workers}


PLAIN, WITH_GPUS = ("a", 4, {}), ("b", 8, {GPU: 2, "slots": 6}, None)


@pytest.mark.parametrize(
    ("task", "resources", "at_once"),
    [
        (Task(), {}, 4 + 6),
        (Task(threads=4), {}, 1 + 2),
        (Task(threads=99), {}, 1 + 1),
        (Task(slots=3), {"slots": 3}, 2),
        (Task(slots=99), {"slots": 6}, 1),
        (Task(gpus=1), {GPU: 1}, 2),
        (Task(gpus=2, threads=8), {GPU: 2}, 1),
    ],
)
def test_a_task_asks_for_what_workers_offer(task, resources, at_once):
    pools = Pools(Client(PLAIN, WITH_GPUS))
    assert pools.resources(task) == resources
    assert pools.at_once(task) == at_once


def test_where_no_worker_offers_slots_each_has_one_for_each_thread():
    pools = Pools(Client(PLAIN))
    assert pools.resources(Task(slots=2)) == {}
    assert pools.at_once(Task(slots=2)) == 2


def test_tasks_that_wait_for_gpus_leave_room_for_others():
    pools = Pools(Client(PLAIN, WITH_GPUS))
    n = 0
    while pools.has_room(Task(gpus=2)):
        pools.give(Task(gpus=2))
        n += 1
    assert n == 2
    assert pools.has_room(Task())
    pools.take_back(Task(gpus=2))
    assert pools.has_room(Task(gpus=2))


def test_one_task_waits_for_workers_that_are_still_to_come():
    pools = Pools(Client())
    assert pools.has_room(Task(gpus=1))
    pools.give(Task(gpus=1))
    assert not pools.has_room(Task(gpus=1))


def test_gpus_that_no_worker_offers_are_an_error():
    pools = Pools(Client(PLAIN, WITH_GPUS))
    pools.check([Task(), Task(gpus=2)], 0)
    with pytest.raises(EngineError, match=r"'SD' asks for 3, and no worker.*GPU=3"):
        pools.check([Task(gpus=2), Task("SD", gpus=3)], 0)


def test_a_worker_may_still_come_that_offers_them(monkeypatch):
    client = Client(PLAIN)

    def sleep(_):
        client.workers += (WITH_GPUS,)

    monkeypatch.setattr("bench.engines.dask_pools.time.sleep", sleep)
    Pools(client).check([Task(gpus=1)], 60)


@pytest.mark.parametrize(
    ("chosen", "is_refused"),
    [
        ((None, None), True),
        (("0", None), True),
        (("0", "0,1"), True),
        (("0", "1"), False),
        (("GPU-a, GPU-b", "GPU-c"), False),
    ],
)
def test_workers_of_a_host_must_not_share_gpus(chosen, is_refused):
    workers = [("a", 1, {GPU: 1}, gpus) for gpus in chosen]
    elsewhere = ("b", 1, {GPU: 1}, None)
    pools = Pools(Client(*workers, elsewhere))
    if not is_refused:
        pools.check([Task(gpus=1)], 0)
        return
    with pytest.raises(
        EngineError, match=f"2 workers of the host a.*another {VISIBLE}"
    ):
        pools.check([Task(gpus=1)], 0)


def made(**needs):
    return CellClass.model_validate({"for": needs})


def test_a_cell_is_of_the_first_class_whose_resources_it_has():
    classes = [made(gpu=1, threads=2), made(gpu=1), made(slots=4)]
    cells = [Task(gpus=1, threads=2), Task(gpus=1), Task(gpus=2), Task(slots=4), Task()]
    found = [class_of(task, classes) for task in cells]
    assert found == [0, 1, None, 2, None]
    pools = Pools(Client(), classes)
    asked = [pools.resources(task) for task in cells]
    assert asked == [{resource_of(position): 1} for position in found]
