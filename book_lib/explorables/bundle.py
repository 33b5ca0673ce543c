"""Bundle the explorables: one self-contained file each, because a module from a Blob cannot import another.

`python -m book_lib.explorables.bundle` rebuilds what differs from its sources, in a tenth of a second; nothing else.
Sources are compared by content, not by date: a checkout or a restored cache changes every date.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DIST = HERE / "dist"
RECORD = DIST / "bundles.json"
OPTIONS = ["--bundle", "--minify", "--charset=utf8", "--target=es2022", "--legal-comments=none", "--log-level=warning"]


class BundleError(Exception):
    """A bundle could not be built; says which and why."""


@dataclass(frozen=True)
class Target:
    """One file in `dist` and what it is made from."""

    name: str
    sources: tuple[Path, ...]
    options: tuple[str, ...] = ()


def targets() -> list[Target]:
    """Every bundle there should be: the modules beside this file, the host, and one stylesheet."""
    esm = [
        Target(path.name, (path,), ("--format=esm",))
        for path in sorted(HERE.glob("*.js"))
        if path.name != "host.js"
    ]
    host = [Target("host.js", (HERE / "host.js",), ("--format=iife",))] if (HERE / "host.js").exists() else []
    styles = (*sorted((HERE / "kit").glob("*.css")), *sorted(HERE.glob("*.css")))
    return [*esm, *host, Target("kit.css", styles)]


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "missing"


def _tools() -> str:
    """What else a bundle depends on: esbuild's version and our options."""
    package = ROOT / "package.json"
    version = json.loads(package.read_text())["devDependencies"]["esbuild"] if package.exists() else "installed"
    return f"{version} {' '.join(OPTIONS)}"


def _record() -> dict:
    try:
        return json.loads(RECORD.read_text())
    except (OSError, ValueError):
        return {}


def _is_fresh(target: Target, entry: dict | None) -> bool:
    if not entry or not (DIST / target.name).exists() or entry["tools"] != _tools():
        return False
    if entry["sources"] != [path.name for path in target.sources] or entry["options"] != list(target.options):
        return False
    return all(_digest(HERE / name) == digest for name, digest in entry["inputs"].items())


def stale(record: dict | None = None) -> list[Target]:
    """The bundles that differ from their sources."""
    record = _record() if record is None else record
    return [target for target in targets() if not _is_fresh(target, record.get(target.name))]


def _esbuild() -> Path:
    for name in ("esbuild", "esbuild.exe", "esbuild.cmd"):
        tool = ROOT / "node_modules" / ".bin" / name
        if tool.exists():
            return tool
    raise BundleError(
        f"esbuild is missing: no node_modules in {ROOT.name or 'the repository'}; "
        "run `make book`, or `npm ci` with Node on the path"
    )


def _run(target: Target, folder: Path) -> list[str]:
    """Run esbuild; return the files it read, relative to this folder."""
    meta = folder / "meta.json"
    entry = folder / target.name
    if target.name.endswith(".css"):
        entry.write_text("\n".join(f'@import "{path.as_posix()}";' for path in target.sources))
    else:
        entry = target.sources[0]
    command = [str(_esbuild()), str(entry), *OPTIONS, *target.options,
               f"--outfile={folder / 'out' / target.name}", f"--metafile={meta}"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", cwd=HERE)
    if done.returncode:
        raise BundleError(f"{target.name}: esbuild failed\n{done.stderr.strip()}")
    read = [(HERE / name).resolve() for name in json.loads(meta.read_text())["inputs"]]
    ours = [path for path in read if path.is_relative_to(HERE) and not path.is_relative_to(DIST)]
    return sorted(path.relative_to(HERE).as_posix() for path in ours)


def build(target: Target) -> dict:
    """Build one bundle, replace the old one in one step, and return its record."""
    DIST.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=DIST, prefix=".") as name:
        inputs = _run(target, Path(name))
        os.replace(Path(name) / "out" / target.name, DIST / target.name)
    return {
        "tools": _tools(),
        "sources": [path.name for path in target.sources],
        "options": list(target.options),
        "inputs": {path: _digest(HERE / path) for path in inputs},
    }


def _write_record(record: dict) -> None:
    part = RECORD.with_suffix(f".{os.getpid()}")
    part.write_text(json.dumps(record, indent=1, sort_keys=True))
    os.replace(part, RECORD)


def _tidy(record: dict) -> dict:
    """Forget and remove bundles whose source is gone."""
    wanted = {target.name for target in targets()}
    for path in DIST.iterdir():
        if path.suffix in {".js", ".css"} and path.name not in wanted:
            path.unlink()
    return {name: entry for name, entry in record.items() if name in wanted}


def update(force: bool = False) -> list[str]:
    """Rebuild every bundle that differs from its sources.

    Args:
        force: rebuild all.

    Returns:
        the names of those rebuilt.

    Raises:
        BundleError: when esbuild is missing or a module does not compile; the others are built all the same.
    """
    DIST.mkdir(exist_ok=True)
    record = _tidy(_record())
    done, failures = [], []
    for target in targets() if force else stale(record):
        try:
            record[target.name] = build(target)
            done.append(target.name)
        except BundleError as error:
            failures.append(str(error))
    if done:
        _write_record(record)
    if failures:
        raise BundleError("\n".join(dict.fromkeys(failures)))
    return done


def main(arguments: list[str]) -> int:
    """Command line: `--force` rebuilds all, `--clean` removes all."""
    if "--clean" in arguments:
        shutil.rmtree(DIST, ignore_errors=True)
        return 0
    try:
        done = update(force="--force" in arguments)
    except BundleError as error:
        print(error, file=sys.stderr)
        return 1
    sizes = ", ".join(f"{name} ({(DIST / name).stat().st_size / 1000:.0f} kB)" for name in done)
    print(f"Explorables: {f'bundled {sizes}' if done else 'bundles are up to date'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
