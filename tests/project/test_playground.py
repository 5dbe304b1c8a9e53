"""The playground: its programs, its driver without NumPy, and the page in a real Chromium, served from its files."""

import functools
import http.server
import importlib.util
import json
import subprocess
import sys
import threading
import time

import pytest

from tests import PROJECT
from tests.tables.browser import CHROMIUM, Browser, needs_chromium
from viz.layout import engine

SOURCES = PROJECT / "docs" / "playground"
PROGRAMS = sorted((SOURCES / "programs").glob("*.py"))
BUILT = PROJECT / "build" / "site" / "playground"
needs_playground = pytest.mark.skipif(not BUILT.exists(), reason="`make playground` builds what a browser needs")


@pytest.fixture
def driver(monkeypatch):
    spec = importlib.util.spec_from_file_location("playground_driver", SOURCES / "playground_driver.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setattr(engine, "_provided", [])
    spec.loader.exec_module(module)
    return module


def answer(driver, program, live=False):
    return json.loads(driver.run(program, live))


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_every_example_draws_a_picture_without_numpy(path):
    """In a process of its own, in which there is no NumPy, as in the page."""
    code = (
        f"import sys; sys.modules['numpy'] = None; sys.path.insert(0, {str(SOURCES)!r})\n"
        f"import playground_driver; print(playground_driver.run(open({str(path)!r}, encoding='utf-8').read(), False))"
    )
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=PROJECT)
    came = json.loads(run.stdout)
    assert (came["error"], came["line"]) == ("", 0)
    assert came["picture"].count("<svg ") == 1
    assert path.read_text(encoding="utf-8").startswith("# ")


def test_cells_of_pages_run_without_numpy_as_far_as_they_lead_to_the_playground(monkeypatch):
    monkeypatch.syspath_prepend(str(PROJECT / "docs" / "_extensions"))
    programs = importlib.import_module("notebook_files").programs
    found = {path.stem: list(programs(path.read_text("utf-8"))) for path in (PROJECT / "docs" / "learn").glob("*.md")}
    pages = {page for page, cells in found.items() if len(cells) > 2}
    assert pages >= {"node", "by-hand", "zero-gradient", "loops", "micrograd", "reading"}
    code = (
        f"import sys; sys.modules['numpy'] = None; sys.path.insert(0, {str(SOURCES)!r})\n"
        "import json, playground_driver\n"
        "for program in json.load(sys.stdin): print(playground_driver.run(program, False))"
    )
    # The longest has all the others in it; what is drawn or printed is that of the last cell.
    longest = [cells[-1][1] for cells in found.values() if cells]
    run = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=PROJECT, input=json.dumps(longest)
    )
    for line, program in zip(run.stdout.splitlines(), longest, strict=True):
        came = json.loads(line)
        assert came["error"] == "", (program, came)
        assert came["picture"] or came["printed"], program


@pytest.mark.parametrize(
    ("program", "error", "line"),
    [
        ("x = 1\ny = x +\n", "SyntaxError: invalid syntax", 2),
        ("x = 1\n\nprint(z)\n", "NameError: name 'z' is not defined", 3),
        ("def f(x):\n    return x / 0.0\n\nf(1.0)", "ZeroDivisionError: float division by zero", 2),
        ("from viz import draw\n\ndraw(lambda x: x, 1.0, style='odd')", "ValueError: style is wires", 3),
        ("import sys\nsys.exit(3)", "SystemExit: 3", 2),
        ("raise KeyboardInterrupt", "KeyboardInterrupt: ", 1),
        ("class A:\n    def __repr__(self):\n        return 1 / 0\nA()", "ZeroDivisionError: ", 3),
        ("import numpy_or_what", "ModuleNotFoundError: No module named 'numpy_or_what'", 1),
    ],
)
def test_an_error_has_its_kind_and_its_line(driver, program, error, line):
    came = answer(driver, program)
    assert came["error"].startswith(error.rstrip()), came["error"]
    assert (came["line"], came["picture"]) == (line, "")


def test_who_imports_numpy_is_told_that_it_is_not_there(driver, monkeypatch):
    monkeypatch.setitem(sys.modules, "numpy", None)
    came = answer(driver, "x = 1\nimport numpy as np")
    assert "NumPy is not in this page" in came["error"] and came["line"] == 2


def test_the_last_value_is_drawn_or_printed(driver):
    begin = "from autograd import Variable\nfrom viz import draw\nx = Variable(2.0, 'x')\n"
    for last in ("x * x", "y = x * x", "draw(x * x, theme='dark')", "[x * x, x + 1.0]", "(x * x,)"):
        came = answer(driver, begin + last)
        assert (came["picture"].count("<svg "), came["printed"], came["error"]) == (1, "", ""), last
    assert answer(driver, "1 + 1")["printed"] == "2\n"
    assert answer(driver, "'two'")["printed"] == "two\n"
    for silent in ("", "x = 1", "None", "for i in range(3): pass", "# nothing"):
        assert answer(driver, silent) == {"picture": "", "error": "", "line": 0, "printed": ""}
    layer = "from layers import Affine\na = Affine()\na.forward(x=1.0, w=2.0, b=5.0)\na"
    assert "<svg " in answer(driver, layer)["picture"]


def test_programs_know_nothing_of_each_other_and_see_warnings(driver):
    answer(driver, "seen = 1")
    assert answer(driver, "seen")["error"].startswith("NameError")
    warning = "import warnings\nwarnings.warn('look', stacklevel=1)"
    assert answer(driver, warning)["printed"] == "line 2: UserWarning: look\n"
    assert answer(driver, "print('x' * 30_000)")["printed"].endswith("… 10,001 characters more")


def test_an_error_in_an_old_program_is_not_blamed_on_a_line_of_the_new_one(driver):
    answer(driver, "a = 1\nb = 2\n1 / 0")
    assert answer(driver, "1 / 0")["line"] == 1


def test_a_guard_shows_the_line_of_the_program(driver):
    program = (
        "from autograd import jit\nfrom viz import draw\nf = jit(lambda x: x if x > 1.0 else -x)\nf(2.0)\ndraw(f, 2.0)"
    )
    assert "program.py:3" in answer(driver, program)["picture"]


def test_a_layout_function_gets_graphs_one_by_one(driver):
    given = []
    real = engine.available_engines()[0]

    def lay_out(dot, kind):
        given.append(dot)
        return engine.run_engine(real, dot, kind).decode()

    run = driver.start(lay_out)
    came = json.loads(run((SOURCES / "programs" / "2-lab.py").read_text(encoding="utf-8"), True))
    assert came["error"] == "" and 'id="states"' in came["picture"]
    assert len(given) > 16 and all([dot.count("digraph ") == 1 and dot.rstrip().endswith("}") for dot in given])


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves the folder, and says nothing."""

    extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map,
                      ".mjs": "text/javascript", ".js": "text/javascript", ".wasm": "application/wasm"}  # fmt: skip

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def address():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(BUILT))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def page(address):
    with Browser(CHROMIUM) as browser:
        browser.open(address)
        until(browser, "document.documentElement.dataset.answered")
        yield browser
        assert all([url.startswith((address, "about:", "blob:")) for url in browser.requests()])
        assert browser.complaints() == []


def until(browser, condition, seconds=120.0):
    deadline = time.monotonic() + seconds
    while not browser.run(condition):
        assert time.monotonic() < deadline, (condition, browser.run("document.querySelector('#error').textContent"))
        time.sleep(0.02)


def write(browser, text):
    """Write a program into the editor, as a reader does, and wait for its answer."""
    browser.run(
        "(() => { delete document.documentElement.dataset.answered; const p = document.querySelector('#program');"
        f"p.value = {json.dumps(text)}; p.dispatchEvent(new Event('input')); }})()"
    )
    until(browser, "document.documentElement.dataset.answered")


def seen(browser, what):
    return browser.run(f"document.querySelector('#{what}').textContent")


@needs_chromium
@needs_playground
def test_what_was_built_is_of_these_sources():
    for name in ("index.html", "playground.css", "playground.js", "worker.js"):
        assert (BUILT / name).read_bytes() == (SOURCES / name).read_bytes(), "make playground"


@needs_chromium
@needs_playground
def test_every_example_is_drawn_in_the_page_at_once(page):
    titles = page.run("[...document.querySelectorAll('#examples option')].map(one => one.value)")
    assert titles == [path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ") for path in PROGRAMS]
    for place in range(len(titles)):
        page.run(
            "(() => { delete document.documentElement.dataset.answered; const s = document.querySelector('#examples');"
            f"s.selectedIndex = {place}; s.dispatchEvent(new Event('change')); }})()"
        )
        until(page, "document.documentElement.dataset.answered")
        assert seen(page, "error") == "", titles[place]
        assert "<svg " in page.run("document.querySelector('#picture').srcdoc")


@needs_chromium
@needs_playground
def test_an_edit_is_drawn_in_half_a_second(page):
    text = PROGRAMS[0].read_text(encoding="utf-8")
    taken = []
    for place in range(6):
        write(page, text.replace("0.8", f"0.{place + 1}"))
        taken.append(float(seen(page, "state").removesuffix(" ms")))
        assert f">0.{place + 1}<" in page.run("document.querySelector('#picture').srcdoc")
    # And 150 ms without a key before. The least: the machine does much else.
    assert min(taken) <= 250.0


@needs_chromium
@needs_playground
def test_an_error_names_its_line_and_the_picture_stays(page):
    write(page, PROGRAMS[0].read_text(encoding="utf-8"))
    before = page.run("document.querySelector('#picture').srcdoc")
    write(page, "from autograd import Variable\n\nx = Variable(2.0)\ny = x.nonsense()\n")
    assert seen(page, "error").startswith("line 4: AttributeError: ")
    assert page.run("document.querySelector('#numbers .wrong').textContent") == "4"
    assert page.run("document.querySelector('#picture').srcdoc") == before
    page.run("document.querySelector('#error').click()")
    chosen = "(p => p.value.slice(p.selectionStart, p.selectionEnd))(document.querySelector('#program'))"
    assert page.run(chosen) == "y = x.nonsense()"
    write(page, "import numpy")
    assert "NumPy is not in this page" in seen(page, "error")


@needs_chromium
@needs_playground
def test_the_program_is_in_the_address(page):
    text = "print('ä & # % +')\n"
    write(page, text)
    assert seen(page, "printed") == "ä & # % +\n"
    link = page.run("location.hash")
    write(page, "print(2)")
    page.run(f"(delete document.documentElement.dataset.answered, location.hash = {json.dumps(link)})")
    until(page, "document.documentElement.dataset.answered")
    assert page.run("document.querySelector('#program').value") == text
    assert seen(page, "printed") == "ä & # % +\n"


@needs_chromium
@needs_playground
def test_a_picture_that_moves_is_the_page_of_the_drawing(page):
    write(page, PROGRAMS[0].read_text(encoding="utf-8"))
    page.run("(delete document.documentElement.dataset.answered, document.querySelector('#live').click())")
    until(page, "document.documentElement.dataset.answered")
    assert 'id="stage"' in page.run("document.querySelector('#picture').srcdoc")
    page.run("(delete document.documentElement.dataset.answered, document.querySelector('#live').click())")
    until(page, "document.documentElement.dataset.answered")
    assert 'id="stage"' not in page.run("document.querySelector('#picture').srcdoc")


@needs_chromium
@needs_playground
def test_a_program_without_end_can_be_stopped(page):
    page.run(
        "(() => { const p = document.querySelector('#program'); p.value = 'while True: pass';"
        "p.dispatchEvent(new Event('input')); })()"
    )
    until(page, "!document.querySelector('#stop').disabled")
    page.run("document.querySelector('#stop').click()")
    assert seen(page, "error") == "Stopped."
    write(page, "print(1 + 1)")
    assert seen(page, "printed") == "2\n"


@needs_chromium
@needs_playground
def test_random_numbers_are_others_each_time_though_the_memory_is_one_that_was_kept(page):
    found = set()
    for turn in range(2):
        write(page, f"import random\nprint(random.random())  # {turn}")
        found.add(seen(page, "printed"))
        page.run("document.querySelector('#stop').disabled = false, document.querySelector('#stop').click()")
    assert len(found) == 2


@needs_chromium
@needs_playground
def test_no_program_that_was_run_before_the_memory_was_kept_is_seen(page):
    write(
        page,
        "import sys\nprint(sorted(set(globals()) - {'__builtins__', '__name__', 'sys'}), '__main__' in sys.modules)",
    )
    assert seen(page, "printed") == "[] True\n"


@needs_chromium
@needs_playground
def test_opened_as_a_file_it_says_what_to_do():
    with Browser(CHROMIUM) as browser:
        browser.open(BUILT / "index.html")
        # A module is not loaded from a file either: the page itself has the words.
        until(browser, "document.body.textContent.includes('python -m http.server')")


def processor_seconds(browser):
    """The processor time that a browser and the processes it started have taken."""
    children, spent = {}, {}
    for path in (PROJECT.__class__("/proc")).glob("[0-9]*/stat"):
        try:
            number, rest = path.read_text().split(" ", 1)
        except OSError:
            continue  # it has ended
        fields = rest.rsplit(")", 1)[1].split()
        children.setdefault(int(fields[1]), []).append(int(number))
        spent[int(number)] = (int(fields[11]) + int(fields[12])) / 100
    waiting, total = [browser.process.pid], 0.0
    for process in waiting:
        total += spent.get(process, 0.0)
        waiting += children.get(process, [])
    return total


@needs_chromium
@needs_playground
@pytest.mark.skipif(sys.platform != "linux", reason="processor time of processes is read from /proc")
def test_the_first_picture_takes_at_most_5_seconds(address):
    """Of processor time, of all threads together: the time on a clock depends on what else the machine does."""
    with Browser(CHROMIUM) as browser:
        taken = []
        for turn in range(2):
            before = processor_seconds(browser)
            browser.open(f"{address}index.html?{turn}")
            until(browser, "document.documentElement.dataset.answered")
            taken.append(processor_seconds(browser) - before)
        assert min(taken) <= 5.0
