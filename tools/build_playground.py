"""Build the playground: Python and Graphviz for browsers, from npm, and the engine's sources, in one static folder.

python tools/build_playground.py [FOLDER]   writes build/site/playground, or another folder

What it fetches is kept in build/playground-packages. The folder works without a network; its files have to be served,
such as by `python -m http.server`, for browsers load no WebAssembly from files.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
SOURCES = PROJECT / "docs" / "playground"
FETCHED = PROJECT / "build" / "playground-packages"
PACKAGES = {"pyodide": "314.0.7", "@viz-js/viz": "3.31.0"}
PYTHON = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
OURS = ("autograd", "layers", "viz")


def fetch() -> Path:
    """The folder with these versions of the packages of npm."""
    modules = FETCHED / "node_modules"
    here = {name: modules / name / "package.json" for name in PACKAGES}
    if not all(
        [path.exists() and json.loads(path.read_text())["version"] == PACKAGES[name] for name, path in here.items()]
    ):
        if shutil.which("npm") is None:
            raise SystemExit("the playground is built of packages of npm, which is not here: install Node.js")
        wanted = [f"{name}@{version}" for name, version in PACKAGES.items()]
        FETCHED.mkdir(parents=True, exist_ok=True)
        command = [
            "npm",
            "install",
            "--no-save",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--prefix",
            str(FETCHED),
        ]
        subprocess.run([*command, *wanted], check=True, stdout=subprocess.DEVNULL)
    return modules


def sources() -> Iterator[Path]:
    """The files of the packages that run as plain Python."""
    for package in OURS:
        for path in sorted((PROJECT / package).rglob("*")):
            if (
                path.is_file()
                and path.suffix in (".py", ".js", ".css", ".json", ".typed")
                and "__pycache__" not in path.parts
            ):
                yield path


# Run by Node.js: the bytecode is that of the Python that will read it. What Python has in memory once it has drawn the
# examples is kept, so that a page begins there: to start it and to import the engine takes 4 s of a processor.
START = """
import { readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
const [modules, folder] = process.argv.slice(1);
const { loadPyodide } = await import(`${modules}/pyodide/pyodide.mjs`);
const { instance } = await import(`${modules}/@viz-js/viz/dist/viz.js`);
const graphviz = await instance();
const compiler = await loadPyodide();
compiler.FS.writeFile("/sources.zip", readFileSync(`${folder}/engine.zip`));
compiler.runPython(`
import compileall, pathlib, py_compile, zipfile
zipfile.ZipFile("/sources.zip").extractall("/sources")
mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
assert compileall.compile_dir("/sources", quiet=1, legacy=True, stripdir="/sources", invalidation_mode=mode)
with zipfile.ZipFile("/engine.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    for path in sorted(pathlib.Path("/sources").rglob("*")):
        if path.is_file() and path.suffix != ".py":
            name = zipfile.ZipInfo(str(path.relative_to("/sources")), (1980, 1, 1, 0, 0, 0))
            archive.writestr(name, path.read_bytes(), zipfile.ZIP_DEFLATED)
`);
const compiled = compiler.FS.readFile("/engine.zip");
writeFileSync(`${folder}/engine.zip`, compiled);
// Another memory, for what the compiler leaves would have to be loaded, too.
const python = await loadPyodide({ _makeSnapshot: true });
python.FS.writeFile("/engine.zip", compiled);
python.runPython(`
import os, sys
sys.path.insert(0, "/engine.zip")
# Not compiled, and not asked why.
os.environ["AUTOGRAD_COMPILE"] = "no"
`);
python.globals.set("given", python.toPy([(dot, kind) => graphviz.renderString(dot, { format: kind })]));
python.globals.set("programs", readFileSync(`${folder}/programs.json`, "utf-8"));
python.runPython(`
import gc, json, playground_driver
run = playground_driver.start(lambda dot, kind: given[0](dot, kind))
for program in json.loads(programs):
    came = json.loads(run(program["text"], False))
    assert came["picture"] and not came["error"], came
given.clear()
playground_driver.forget()
del given, programs, program, came, run
gc.collect()
`);
writeFileSync(`${folder}/started`, gzipSync(python.makeMemorySnapshot(), { level: 9 }));
"""


def engine(folder: Path, modules: Path) -> None:
    """Write the packages and the driver as bytecode in one archive, and the memory of a Python that has drawn."""
    files = {path.relative_to(PROJECT).as_posix(): path for path in sources()}
    files["playground_driver.py"] = SOURCES / "playground_driver.py"
    # It tells what was compiled on this machine.
    files.pop("autograd/compilation.json", None)
    with zipfile.ZipFile(folder / "engine.zip", "w") as archive:
        for name, path in files.items():
            archive.write(path, name)
    subprocess.run(["node", "--input-type=module", "-e", START, str(modules), str(folder)], check=True)


def programs() -> list[dict[str, str]]:
    """The examples: the title is the first line's comment."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((SOURCES / "programs").glob("*.py"))]
    return [{"title": text.partition("\n")[0].removeprefix("# "), "text": text} for text in texts]


def build(folder: Path) -> None:
    """Write the folder."""
    fetched = fetch()
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "pyodide").mkdir(parents=True)
    for name in PYTHON:
        shutil.copyfile(fetched / "pyodide" / name, folder / "pyodide" / name)
    shutil.copyfile(fetched / "@viz-js" / "viz" / "dist" / "viz.js", folder / "viz.js")
    for name in ("index.html", "playground.css", "playground.js", "worker.js"):
        shutil.copyfile(SOURCES / name, folder / name)
    (folder / "programs.json").write_text(json.dumps(programs(), ensure_ascii=False), encoding="utf-8")
    engine(folder, fetched)


def main() -> int:
    """Build it, and say where it is."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else PROJECT / "build" / "site" / "playground"
    build(folder)
    size = sum([path.stat().st_size for path in folder.rglob("*") if path.is_file()])
    print(f"The playground is in {folder}, {size / 1e6:.1f} MB: python -m http.server --directory {folder}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
