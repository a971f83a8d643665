"""``autoreply run``: the server."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from autoreply.cli.common import config_option, console, note, set_up_logs, verbose_option

if TYPE_CHECKING:
    from autoreply.app import App


@click.command("run")
@config_option
@verbose_option()
def command(config: Path | None, verbose: bool) -> None:
    """Start the responder and run until Ctrl-C. What is in hand then is finished or kept for the next start.

    \b
    Example:
      autoreply run --config myshop/config.toml
    """
    set_up_logs(verbose, quiet=False)
    from autoreply.app import config_path, load_app
    from autoreply.serving import serve

    app = load_app(config_path(config), progress=note)
    with asyncio.Runner(loop_factory=fast_loop()) as runner:
        runner.run(serve(app, lambda url: _welcome(app, url)))


def fast_loop() -> "type[asyncio.AbstractEventLoop] | None":
    """uvloop's event loop where it is installed."""
    if sys.platform == "win32":
        return None
    try:
        import uvloop
    except ImportError:
        return None
    loop: type[asyncio.AbstractEventLoop] = uvloop.Loop
    return loop


def _welcome(app: "App", url: str) -> None:
    """What a person needs to know now that messages are taken."""
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    on = {n: given for n, given in app.channel_settings.items() if given is not None and given.enabled}
    facts = Table.grid(padding=(0, 2))
    if "webchat" in on:
        facts.add_row("chat", Text(f"{url}/chat", "bold"))
    facts.add_row("channels", Text(", ".join(on) or "none; switch one on under [channels] in the settings"))
    for name, given in on.items():
        if (secret := getattr(given, "secret", None)) is not None:
            where = f"environment variable {secret.env}" if secret.env else str(app.folder / secret.file)
            facts.add_row("", Text(f"the secret of {name}: {where}"))
    facts.add_row("journal", Text(str(app.journal_path)))
    facts.add_row("", Text("Ctrl-C stops", "dim"))
    console().print(Panel(facts, title=Text(app.brain.shop.name), expand=False))
