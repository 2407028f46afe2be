"""Write the plotting library of the pages: Vega and Vega-Lite in one script.

``python docs/tools/vendor_vega.py`` fetches the packages below with npm, joins their
builds into ``bench/site/web/vega.js``, checks its SHA-256, and writes the licenses of
all that is in it to ``bench/site/web/vega.LICENSE.txt``. Only who changes a version
needs this; it then also changes `SHA256`.
"""

import hashlib
import json
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

WEB = Path(__file__).resolve().parents[2] / "bench" / "site" / "web"
# The interpreter evaluates expressions without `eval`, which a page's policy forbids.
PACKAGES = {"vega": "6.4.0", "vega-lite": "6.4.3", "vega-interpreter": "2.3.2"}
BUILDS = {
    "vega": "vega.min.js",
    "vega-lite": "vega-lite.min.js",
    "vega-interpreter": "vega-interpreter.js",
}
SHA256 = "36629ceab6573bdad560e50889b261c7a84b1fa1e122d2a12b44832ebca63ed2"
# Only the commands of the packages use these; they are in no build.
_COMMANDS = {"yargs", "commander", "iconv-lite", "rw"}


def main() -> None:
    """Write the script and its licenses."""
    with tempfile.TemporaryDirectory() as folder:
        _install(Path(folder))
        modules = Path(folder) / "node_modules"
        script = joined(modules)
        found = hashlib.sha256(script.encode()).hexdigest()
        if found != SHA256:
            raise SystemExit(f"found a script of SHA-256 {found}; expected {SHA256}")
        WEB.mkdir(parents=True, exist_ok=True)
        (WEB / "vega.js").write_text(script, "utf-8")
        (WEB / "vega.LICENSE.txt").write_text(licenses(modules), "utf-8")
    print(f"wrote {WEB / 'vega.js'}: {len(script.encode()) // 1000} kB")


def _install(folder: Path) -> None:
    names = [f"{name}@{version}" for name, version in PACKAGES.items()]
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    (folder / "package.json").write_text("{}", "utf-8")
    subprocess.run(["npm", "install", *options, *names], cwd=folder, check=True)


def joined(modules: Path) -> str:
    """Join the builds; each defines one global name."""
    parts = {}
    for name, build in BUILDS.items():
        text = (modules / name / "build" / build).read_text("utf-8")
        parts[name] = re.sub(r"\n?//# sourceMappingURL=.*\s*$", "\n", text)
    # This build is a module; of its three imports, Vega exports all.
    module = parts["vega-interpreter"]
    module = re.sub(
        r"^import \{ (.*?) \} from 'vega-util';", r"const { \1 } = vega;", module
    )
    module, n_exports = re.subn(
        r"export \{ expression as expressionInterpreter \};",
        "globalThis.vegaInterpreter = expression;",
        module,
    )
    if n_exports != 1 or "import " in module.splitlines()[0]:
        raise SystemExit("the build of vega-interpreter is not as this script expects")
    parts["vega-interpreter"] = f"{{\n{module}}}\n"
    words = ", ".join(f"{name} {version}" for name, version in PACKAGES.items())
    script = f"/* {words}; licenses: vega.LICENSE.txt */\n" + "".join(parts.values())
    # In strings and patterns of JavaScript \x3C is <; so no text in it can end the
    # element of a page that holds the script.
    return re.sub(r"<(?=!--|/?script)", r"\\x3C", script, flags=re.IGNORECASE)


def licenses(modules: Path) -> str:
    """Return the licenses of the packages in the script, each text once."""
    owners: dict[str, list[str]] = {}
    for name in sorted(set(_with_dependencies(modules, *PACKAGES))):
        about = _about(modules, name)
        [path] = sorted((modules / name).glob("LICEN[CS]E*"))
        text = path.read_text("utf-8").strip()
        title = f"{name} {about['version']} ({about['license']})"
        owners.setdefault(text, []).append(title)
    rule = "=" * 72
    return "\n".join(
        f"{rule}\n{chr(10).join(titles)}\n{rule}\n\n{text}\n"
        for text, titles in owners.items()
    )


def _with_dependencies(modules: Path, *names: str) -> Iterator[str]:
    for name in names:
        if name not in _COMMANDS:
            yield name
            below = _about(modules, name).get("dependencies", {})
            yield from _with_dependencies(modules, *below)


def _about(modules: Path, name: str) -> Any:
    return json.loads((modules / name / "package.json").read_text("utf-8"))


if __name__ == "__main__":
    main()
