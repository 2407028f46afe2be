import json

import gate
import pytest


def run_of(**ratios):
    kinds = {"up": "speed-up", "over": "overhead"}
    return {
        "benchmarks": [
            {
                "name": name,
                "extra_info": {"kind": kinds[name.split("_")[0]], "ratio": ratio},
            }
            for name, ratio in ratios.items()
        ]
        + [{"name": "plain", "extra_info": {}}]
    }


KEPT = gate.ratios(run_of(up_a=40.0, over_b=1.1))


@pytest.mark.parametrize(
    ("ratios", "said"),
    [
        ({"up_a": 33.0, "over_b": 1.3}, []),
        ({"up_a": 80.0, "over_b": 0.5}, []),
        ({"up_a": 31.0, "over_b": 1.1}, ["up_a: speed-up 31.00, kept 40.00: 29% wor"]),
        ({"up_a": 40.0, "over_b": 1.4}, ["over_b: overhead 1.40, kept 1.10: 27% wor"]),
        ({"up_a": 40.0}, ["over_b: not in the run"]),
        ({"up_a": 40.0, "over_b": 1.1, "up_c": 1.0}, ["up_c: not in baseline.json"]),
    ],
)
def test_what_is_worse_or_missing_is_named(ratios, said):
    found = gate.problems(gate.ratios(run_of(**ratios)), KEPT)
    assert len(found) == len(said)
    assert all(line.startswith(start) for line, start in zip(found, said, strict=True))


def test_the_gate_exits_1_and_a_run_can_be_accepted(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(gate, "BASELINE", tmp_path / "baseline.json")
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(run_of(up_a=40.0)))
    bad.write_text(json.dumps(run_of(up_a=20.0)))
    assert gate.main([str(good), "--accept"]) == 0
    assert gate.main([str(good)]) == 0
    assert gate.main([str(bad)]) == 1
    assert "up_a: speed-up 20.00, kept 40.00: 100% worse" in capsys.readouterr().out
