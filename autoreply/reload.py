"""Changed settings, intents, rules and plugins are taken up while messages flow: all of them, or nothing changes."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import structlog

from autoreply.app import App, load_app
from autoreply.tomlfile import ProblemsFound

log = structlog.get_logger(__name__)

LOOK_EVERY = 1.0
"""Seconds between looks at the files. A change is taken up once it has stood still from one look to the next."""

_NEEDS_RESTART = ("server", "store", "channels", "notify")
"""Sections whose change is taken up by the next start only."""

_REHEARSAL = "import sys, pathlib; from autoreply.app import load_app; load_app(pathlib.Path(sys.argv[1]))"

Seen = dict[Path, tuple[int, int]]


class Reloader:
    """Watches a shop's files and hands over a new ``App`` when they have changed and everything about it is right."""

    def __init__(self, app: App, adopt: Callable[[App], Awaitable[None]]) -> None:
        """``adopt`` is awaited with each new app; what it raises leaves the old one in use."""
        self.app = app
        self._adopt = adopt
        self._asked = asyncio.Event()
        self._seen = _seen(app)

    def ask(self) -> None:
        """Reload as soon as possible, whether anything changed or not."""
        self._asked.set()

    async def run(self) -> None:
        """Watch until cancelled. Where the settings say ``watch = false``, reload only when asked."""
        while True:
            try:
                async with asyncio.timeout(LOOK_EVERY):
                    await self._asked.wait()
            except TimeoutError:
                if not self.app.settings.folders.watch or not await self._changed():
                    continue
            self._asked.clear()
            await self.reload()

    async def _changed(self) -> bool:
        """Something is different from what was loaded last, and nobody is writing it any more."""
        now = _seen(self.app)
        if now == self._seen:
            return False
        await asyncio.sleep(LOOK_EVERY)
        return _seen(self.app) == now

    async def reload(self) -> bool:
        """Load everything beside what is in use, then swap. False: something is wrong, and nothing has changed."""
        self._seen = _seen(self.app)
        try:
            # First in a process of its own: it may have to train the matcher, and messages are not to wait for that.
            await _rehearse(self.app.config)
            app = await asyncio.to_thread(load_app, self.app.config)
            await self._adopt(app)
        except ProblemsFound as e:
            for problem in e.problems:
                log.error("not reloaded", problem=str(problem))
            return False
        except Exception as e:
            log.exception("not reloaded", problem=f"{type(e).__name__}: {e}")
            return False
        later = [
            name
            for name in _NEEDS_RESTART
            if getattr(app.settings, name, None) != getattr(self.app.settings, name, None)
        ]
        if later:
            log.warning("changed in the settings, but taken up by the next start only", sections=later)
        self.app = app
        self._seen = _seen(app)
        log.info("reloaded", rulebook=app.brain.gate.rulebook.version, intents=len(app.brain.catalogue.intents))
        return True


async def _rehearse(config: Path) -> None:
    """Load everything in another process; what is wrong shows again when it is loaded here."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _REHEARSAL,
        str(config),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await process.wait()
    finally:
        if process.returncode is None:
            process.kill()


def _seen(app: App) -> Seen:
    """The files that an app is loaded from, each with its time of change and size."""
    found: Seen = {}
    for path in _files(app):
        try:
            stat = path.stat()
        except OSError:
            continue
        found[path] = stat.st_mtime_ns, stat.st_size
    return found


def _files(app: App) -> Iterator[Path]:
    folders = app.settings.folders
    yield app.config
    yield from (app.folder / folders.intents).glob("*.toml")
    yield from (app.folder / folders.rulebooks).glob("*.toml")
    yield from (app.folder / folders.plugins).glob("*.py")
