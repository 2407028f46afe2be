import sys

import optuna
import pytest
from study_text import STUDY, planned

from bench.base.errors import StudyError
from bench.study.search import run_study
from bench.study.storage import opened, url


def test_optuna_and_its_dashboard_read_the_storage(tmp_path, trainer):
    plan = planned(tmp_path, 3)
    run_study(plan, tmp_path / "s.db")
    study = optuna.load_study(study_name=plan.name, storage=url(tmp_path / "s.db"))
    assert [trial.number for trial in study.trials] == [0, 1, 2]
    assert study.trials[0].intermediate_values.keys() == {10, 20, 30, 40}
    assert study.direction.name == "MAXIMIZE"


def test_two_processes_cannot_write_to_one_storage(tmp_path, trainer):
    plan = planned(tmp_path)
    with (
        opened(tmp_path / "s.db", "other"),
        pytest.raises(StudyError, match="another `bench study` is writing"),
    ):
        run_study(plan, tmp_path / "s.db")
    assert len(run_study(plan, tmp_path / "s.db").trials) == STUDY["trials"]


@pytest.mark.parametrize("content", [b"no database" * 100, b"\x00" * 5000])
def test_a_file_of_another_format_is_refused(tmp_path, trainer, content):
    path = tmp_path / "s.db"
    path.write_bytes(content)
    with pytest.raises(StudyError, match=r"s\.db: not a storage of this Optuna"):
        run_study(planned(tmp_path), path)
    assert path.read_bytes() == content


def test_without_optuna_the_error_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(StudyError, match=r"pip install '\.\[study\]'"):
        run_study(planned(tmp_path), tmp_path / "s.db")


def test_optunas_settings_are_restored(tmp_path, trainer, capfd):
    before = optuna.logging.get_verbosity()
    run_study(planned(tmp_path, 2), tmp_path / "s.db")
    assert optuna.logging.get_verbosity() == before
    assert capfd.readouterr() == ("", "")
