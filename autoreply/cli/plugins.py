"""``autoreply plugins``: what is plugged in, and who wins."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from autoreply.cli.common import config_option, console, json_option, note, put, set_up_logs, verbose_option

if TYPE_CHECKING:
    from autoreply.plugins import Plugins, Registered


@click.command("plugins")
@config_option
@verbose_option()
@json_option
def command(config: Path | None, verbose: bool, as_json: bool) -> None:
    """List the plugins: origin, version, hooks, what they answer with which settings, and who won where two wanted one.

    AUTOREPLY_TRACE_HOOKS=1 in the environment of any command writes every call of a hook to stderr.

    \b
    Examples:
      autoreply plugins
      autoreply plugins --config myshop/config.toml --json
    """
    set_up_logs(verbose)
    from autoreply.app import config_path, plugins_of

    plugins, problems = plugins_of(config_path(config))
    for problem in problems:
        note(str(problem))
    if as_json:
        put(_as_data(plugins))
    else:
        _show(plugins)
    if problems:
        raise SystemExit(1)


_TABLES = ("handlers", "channels", "record_sources", "notifiers", "slots", "features", "commands", "pages")


_ROOMS = {"handlers": "plugins", "notifiers": "notify"}


def _registered(plugins: "Plugins", plugin: str) -> "list[tuple[str, Registered]]":
    tables = ((kind, getattr(plugins, kind)) for kind in _TABLES)
    return [(kind, entry) for kind, table in tables for entry in table.values() if entry.plugin == plugin]


def _as_data(plugins: "Plugins") -> dict[str, Any]:
    return {
        "plugins": [
            {
                "name": p.name,
                "origin": p.origin.name.lower(),
                "version": p.version,
                "file": p.file,
                "hooks": list(p.hooks),
                "registered": [
                    {
                        "kind": kind,
                        "name": entry.name,
                        "line": entry.line,
                        "section": entry.section if entry.settings else "",
                        "settings": list(entry.settings.model_fields) if entry.settings else [],
                        "priority": entry.priority,
                    }
                    for kind, entry in _registered(plugins, p.name)
                ],
            }
            for p in plugins.loaded
        ],
        "beaten": [{"name": b.name, "winner": w.plugin, "beaten": b.plugin} for w, b in plugins.beaten],
    }


def _show(plugins: "Plugins") -> None:
    from rich.table import Table
    from rich.text import Text

    screen = console()
    table = Table("plugin", "origin", "registers", "settings", box=None, pad_edge=False, header_style="bold")
    for plugin in plugins.loaded:
        own = _registered(plugins, plugin.name)
        names = [_name(kind, entry) for kind, entry in own]
        hooks = [h for h in plugin.hooks if not h.startswith("register_")]
        sections = {_section(kind, entry): entry.settings for kind, entry in own if entry.settings is not None}
        shown = [f"{section} {', '.join(model.model_fields)}" for section, model in sections.items()]
        origin = f"{plugin.origin.name.lower()} {plugin.version}".rstrip()
        table.add_row(plugin.name, origin, ", ".join([*names, *hooks]), Text("\n".join(shown)))
    screen.print(table)
    for winner, beaten in plugins.beaten:
        screen.print(f"{beaten.name}: {winner.plugin} wins over {beaten.plugin}", markup=False)


def _name(kind: str, entry: "Registered") -> str:
    name = entry.name if kind == "handlers" else f"{kind.removesuffix('s').replace('_', ' ')} {entry.name}"
    return f"{name} (priority {entry.priority})" if entry.priority else name


def _section(kind: str, entry: "Registered") -> str:
    """Where the settings of something that was registered stand."""
    if kind == "record_sources":
        return f'source = "{entry.section}"'
    return f"[{_ROOMS.get(kind, kind)}.{entry.section}]"
