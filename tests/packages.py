"""Plugins as packages: installed into an environment of their own that sees this one's packages, and run there."""

import os
import site
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path


class Environment:
    """A virtual environment in ``folder``, empty but for what is installed here, with a cache of its own."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder / "venv", symlinks=os.name != "nt")
        self.python = Path(
            sysconfig.get_path("scripts", vars={"base": str(folder / "venv")}), Path(sys.executable).name
        )
        self._variables = os.environ | {"XDG_CACHE_HOME": str(folder / "cache"), "PYTHONUTF8": "1"}
        own = Path(sysconfig.get_path("purelib", vars={"base": str(folder / "venv")}))
        seen = [sysconfig.get_path("purelib"), *site.getsitepackages()]
        lines = [f"import site; site.addsitedir({path!r})" for path in dict.fromkeys(seen)]
        (own / "seen.pth").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def install(self, package: Path) -> None:
        """Build the package as it would be published, and install it. Needs no network."""
        pip = [sys.executable, "-m", "pip", "--python", self.python, "install", "--quiet", "--no-deps", "--no-index"]
        self._run([*pip, "--no-build-isolation", package], package)

    def __call__(self, cwd: Path, *module: str, stdin: str = "") -> str:
        """What ``python -m`` prints; it has to end well."""
        return self._run([self.python, "-m", *module], cwd, stdin)

    def _run(self, command: list[str | Path], cwd: Path, stdin: str = "") -> str:
        done = subprocess.run(  # noqa: S603
            command, cwd=cwd, input=stdin.encode(), capture_output=True, env=self._variables, timeout=300, check=False
        )
        assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
        return done.stdout.decode()
