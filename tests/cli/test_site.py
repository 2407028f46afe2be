import report_folders
from PIL import Image


def test_a_site_is_written_and_its_index_is_named(bench_run, tmp_path):
    folder = tmp_path / "reports/words"
    folder.mkdir(parents=True)
    (folder / "README.md").write_text("# Some words\n\nNo numbers.\n")
    Image.new("RGB", (4, 4)).save(folder / "a.png")
    code, out, err = bench_run("site", "reports", "out")
    assert (code, out) == (0, "open out/index.html\n")
    assert err == "bench: writing words…\n"
    assert "Some words" in (tmp_path / "out/index.html").read_text("utf-8")


def test_bad_folders_are_errors_of_one_line(bench_run, tmp_path):
    report_folders.write_report_folder(tmp_path / "reports/small")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/a.txt").write_text("mine")
    (tmp_path / "empty").mkdir()
    (tmp_path / "damaged/small").mkdir(parents=True)
    (tmp_path / "damaged/small/page.json").write_text("[]")
    for arguments, words in (
        (("none", "out"), "none: No such file or directory; expected a folder"),
        (("empty", "out"), "empty: found no folder with page.json or README.md"),
        (("reports/small", "out"), "name the folder that holds it, reports"),
        (("reports", "full"), "full: found files that are not of a site"),
        (("damaged", "out"), "page.json: found no JSON object"),
    ):
        code, out, err = bench_run("site", *arguments)
        assert (code, out) == (2, "")
        assert words in err
        assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()
