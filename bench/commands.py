"""The commands: each a few lines over the library; it returns its exit code."""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.runner import Plan
    from bench.store import Store

OK, SOME_FAILED = 0, 3


def run(options: argparse.Namespace) -> int:
    """Run or resume a suite, print its table, write its report."""
    from bench.audit_findings import load_audits
    from bench.console import RunProgress, print_scores
    from bench.folders import check_output
    from bench.parallel import make_engine
    from bench.report import write_report
    from bench.result import BAD
    from bench.run import check_machine, check_sizes, run_plan
    from bench.tables import load_results, results_frame, transfer_frame

    whole, plan, store = _plan(options)
    limited = len(plan.cells) < len(whole.cells)
    engine = make_engine(
        options.jobs, options.engine, options.scheduler, options.parallel
    )
    if not (options.out or limited):
        options.out = Path("reports") / plan.suite.name
    if options.out:
        check_output(options.out, attempt=not options.dry_run)
    if options.dry_run:
        check_sizes(plan, engine.memory)
        missing = [cell for cell in plan.everything if store.get(cell.key) is None]
        check_machine(plan, store, engine, missing, attempt=False)
        stored = len(plan.everything) - len(missing)
        print(
            f"{len(plan.cells)} cells ({len(plan.datasets)} datasets × "
            f"{plan.suite.repetitions} repetitions × {len(plan.classifiers)} "
            f"classifiers){plan.beside}; {stored} stored, {len(missing)} to compute"
        )
        return OK
    with RunProgress(len(plan.everything)) as progress:
        retry = options.retry_failed
        run_plan(plan, store, engine, progress.advance, retry, progress.warn)
    if progress.computed:
        _say(progress.summary())
    found = load_results(plan, store)
    results = results_frame(plan, store, found)
    print_scores(plan, results)
    if options.out:
        print(write_report(plan, store, options.out, found))
    transfers = transfer_frame(plan, store)
    bad = sum(int(f["status"].isin(BAD).sum()) for f in (results, transfers) if len(f))
    bad_audits = sum(result.status in BAD for result in load_audits(plan, store))
    if bad or bad_audits:
        counts = {"cells": bad, "audits": bad_audits}
        names = " and ".join(f"{n} {what}" for what, n in counts.items() if n)
        print(
            f"bench: {names} are not done; the report says why, and "
            "--retry-failed computes them again",
            file=sys.stderr,
        )
    return SOME_FAILED if bad or bad_audits else OK


def report(options: argparse.Namespace) -> int:
    """Write the report from what is stored."""
    from bench.folders import check_output
    from bench.report import write_report

    plan, _, store = _plan(options)
    out = options.out or Path("reports") / plan.suite.name
    check_output(out)
    print(write_report(plan, store, out))
    return OK


def plan(options: argparse.Namespace) -> int:
    """Say what a suite would cost, and which differences it can show."""
    from bench.console import RunProgress, print_forecast
    from bench.devices import check_devices
    from bench.engines import LocalEngine
    from bench.planning import forecast, pilot
    from bench.run import run_plan

    whole, _, store = _plan(options)
    check_devices(whole.suite, whole.everything, store)
    if options.pilot:
        some = pilot(whole, options.pilot)
        with RunProgress(len(some.everything)) as progress:
            engine = LocalEngine(options.jobs or 1)
            run_plan(some, store, engine, progress.advance, warn=progress.warn)
    print_forecast(whole, forecast(whole, store), options.jobs or 1)
    return OK


def status(options: argparse.Namespace) -> int:
    """Count the cells by status; with --why, say why those missing have no result."""
    from bench.console import print_statuses
    from bench.status import count_statuses, explain_missing

    plan, _, store = _plan(options)
    print_statuses(plan.suite.name, count_statuses(plan, store))
    for problem in store.damaged.values():
        _say(problem)
    if options.why:
        for line in explain_missing(plan, store):
            print(line)
    return OK


def merge(options: argparse.Namespace) -> int:
    """Join stores from several machines into one."""
    from bench.merge import merge_stores

    counts = merge_stores(options.stores, options.store, _say)
    print(", ".join(f"{n} {what}" for what, n in counts.items()))
    return OK


def export(options: argparse.Namespace) -> int:
    """Write a trained discriminator as files; train it first if it is not stored."""
    from bench.card import check_free
    from bench.console import RunProgress
    from bench.export import choose_cell, export_cell, why_not_done
    from bench.folders import check_output
    from bench.run import run_plan

    _, limited, store = _plan(options)
    plan, cell = choose_cell(limited, options.repetition)
    check_free(options.out)  # before anything is trained
    check_output(options.out, remedy="choose another folder")
    with RunProgress(len(plan.cells)) as progress:
        run_plan(plan, store, progress=progress.advance, warn=progress.warn)
    result = store.get(cell.key)
    if result is not None and (why := why_not_done(plan, cell, result)):
        _say(why)
        return SOME_FAILED
    print(export_cell(plan, cell, store, options.out))
    return OK


def show(options: argparse.Namespace) -> int:
    """Draw the curves, inputs and gradients of each dataset."""
    from bench.dataset_picture import draw_dataset
    from bench.folders import check_output

    _, plan, _ = _plan(options)
    folder = options.out or Path("reports") / plan.suite.name
    check_output(folder)
    for recipe in plan.datasets:
        print(folder / draw_dataset(recipe, plan.suite.seed, folder).path)
    return OK


def list_all(options: argparse.Namespace) -> int:
    """List classifiers, libraries and suites."""
    from bench import resources
    from bench.presets import PRESETS

    print("classifiers")
    for name, preset in PRESETS.items():
        chain = " → ".join([*preset.before, preset.class_path])
        print(f"  {name:<8} {preset.summary} ({chain})")
    print("libraries")
    for path in sorted(resources.LIBRARIES.glob("*.lib")):
        print(f"  {path.stem}")
    print("suites")
    for path in sorted(resources.SUITES.glob("*.yaml")):
        shown = (
            path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
        )
        print(f"  {shown}")
    return OK


def schema(options: argparse.Namespace) -> int:
    """Print the JSON Schema of a suite file, for editors."""
    from bench.schema import Suite

    print(json.dumps(Suite.model_json_schema(), indent=2))
    return OK


def _plan(options: argparse.Namespace) -> "tuple[Plan, Plan, Store]":
    """Resolve the suite, whole and limited by -d and -c."""
    from bench.runner import make_plan
    from bench.store import Store
    from bench.suite import load_suite

    # A class: may stand in a module of the folder where the command is given.
    if os.getcwd() not in sys.path:  # noqa: PTH109 (sys.path holds strings)
        sys.path.insert(0, os.getcwd())  # noqa: PTH109
    whole = make_plan(load_suite(options.suite))
    limited = whole.limited(
        getattr(options, "datasets", None) or [],
        getattr(options, "classifiers", None) or [],
    )
    return whole, limited, Store(getattr(options, "store", Path("data/store")))


def _say(words: str) -> None:
    print(f"bench: {words}", file=sys.stderr)
