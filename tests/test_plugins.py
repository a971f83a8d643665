"""Plugins from three origins: who wins, what is wrong with a broken one and on which line, which settings they take."""

import shutil
from collections.abc import Iterator
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest

from autoreply import plugins as plugins_module
from autoreply.plugins import Origin, Plugins, load_plugins, validated
from autoreply.shipped import shipped
from autoreply.tomlfile import Problem, read

HERE = Path(__file__).parent / "plugins"


def loaded(folder: Path | None, *, installed: bool = False) -> Plugins:
    problems: list[Problem] = []
    plugins = load_plugins(folder, problems, installed=installed)
    assert problems == []
    return plugins


def problems_of(folder: Path, *names: str) -> list[str]:
    """``file:line: field: message`` of what is wrong with some of the broken plugins, loaded from ``folder``."""
    folder.mkdir(exist_ok=True)
    for name in names:
        shutil.copy(HERE / "broken" / f"{name}.py", folder)
    problems: list[Problem] = []
    load_plugins(folder, problems, installed=False)
    return [str(p).replace(f"{folder}/", "") for p in problems]


@pytest.fixture(autouse=True)
def _no_traces(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Plugins of one test are not imported any more in the next one, and leave no byte code behind."""
    import sys

    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if "_plugins." in name:
            del sys.modules[name]


# Origins -----------------------------------------------------------------------------------------------------------


def test_the_shipped_plugins_are_there_and_use_the_same_hooks_as_anyone() -> None:
    plugins = loaded(None)
    assert {"shipping_time", "invoice", "haggling", "instalment", "credit_card", "courier", "human"} <= set(
        plugins.handlers
    )
    assert {"http", "websocket", "webchat"} <= set(plugins.channels)
    assert {entry.origin for entry in plugins.handlers.values()} == {Origin.SHIPPED}


def test_a_shops_plugins_are_loaded_and_its_helpers_are_not() -> None:
    plugins = loaded(HERE / "good")
    assert plugins.handlers["return_exchange"].origin is Origin.SHOP
    assert Path(plugins.handlers["return_exchange"].file) == HERE / "good" / "return_policy.py"
    assert plugins.handlers["size"].line == 11


def test_a_folder_that_is_not_there_is_no_mistake(tmp_path: Path) -> None:
    assert loaded(tmp_path / "plugins").handlers.keys() == loaded(None).handlers.keys()


def test_the_shipped_folder_as_the_shops_own_is_loaded_once() -> None:
    assert loaded(shipped("plugins")).handlers["invoice"].origin is Origin.SHIPPED


def installed_as(monkeypatch: pytest.MonkeyPatch, folder: Path, name: str) -> None:
    """Make a plugin file look as if it had been installed from a wheel."""
    monkeypatch.syspath_prepend(str(folder))
    points = EntryPoints([EntryPoint(f"point-{name}", name, plugins_module.ENTRY_POINT_GROUP)])
    monkeypatch.setattr(plugins_module, "entry_points", lambda group: points.select(group=group))


INVOICE = """\
from autoreply import Reply, hookimpl

@hookimpl
def register_handlers(register):
    register("invoice", answer)

async def answer(ctx):
    return Reply("{text}")
"""


def test_the_shops_own_wins_over_an_installed_one_and_that_over_a_shipped_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "wheel_plugin.py").write_text(INVOICE.format(text="安装的"), encoding="utf-8")
    installed_as(monkeypatch, tmp_path / "site", "wheel_plugin")
    assert loaded(None, installed=True).handlers["invoice"].origin is Origin.INSTALLED
    assert loaded(None).handlers["invoice"].origin is Origin.SHIPPED

    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "mine.py").write_text(INVOICE.format(text="自己的"), encoding="utf-8")
    assert loaded(tmp_path / "own", installed=True).handlers["invoice"].origin is Origin.SHOP


def test_an_installed_plugin_that_cannot_be_imported_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    installed_as(monkeypatch, HERE / "broken", "bad_import")
    problems: list[Problem] = []
    plugins = load_plugins(None, problems)
    assert [str(p) for p in problems] == [
        "bad_import:1: installed plugin 'point-bad_import' cannot be imported: "
        "ModuleNotFoundError: No module named 'a_module_that_nobody_has'"
    ]
    assert "invoice" in plugins.handlers


def test_two_of_one_origin_that_want_one_intent_are_a_mistake(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.py").write_text(INVOICE.format(text=name), encoding="utf-8")
    assert problems_of(tmp_path) == [
        "b.py:7: invoice: the intent 'invoice' is taken by a.py:7 already; remove one of the two or give one a priority"
    ]


# Broken ones -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("bad_import", "3: cannot be imported: ModuleNotFoundError: No module named 'a_module_that_nobody_has'"),
        ("exits", "5: cannot be imported: SystemExit: usage: exits FILE"),
        ("no_hook", "1: implements no hook: put @hookimpl before register_handlers, or begin the name of a helper"),
        ("hook_misspelt", "6: register_handler: is no hook; did you mean 'register_handlers'?"),
        ("hook_wants_more", "6: register_handlers: wants config, but this hook gives register"),
        ("hook_raises", "10: register_handlers: raised KeyError: 'handler'"),
        ("not_async", "11: invoice: handler answer must be an async def function"),
        ("settings_no_model", "11: invoice: settings must be a pydantic model, such as a Section"),
        ("no_switch", "1: letters: its settings have no field enabled: bool = False, by which a shop switches it on"),
        ("twice", "16: invoice: the intent 'invoice' is taken by twice.py:12 already; remove one of the two"),
    ],
)
def test_a_broken_plugin_is_told_with_the_line_to_look_at(tmp_path: Path, name: str, told: str) -> None:
    (problem,) = problems_of(tmp_path, name)
    assert problem.startswith(f"{name}.py:{told}"), problem


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def f(:\n    pass\n", "1: cannot be imported: SyntaxError: invalid syntax"),
        ("x = 1\nif x:\ny = 2\n", "3: cannot be imported: IndentationError: expected an indented block"),
        ("from autoreply import hookimp\n", "1: cannot be imported: ImportError: cannot import name 'hookimp'"),
        ("\n\nraise ValueError('two\\nlines')\n", "3: cannot be imported: ValueError: two lines"),
    ],
)
def test_a_file_that_python_refuses_is_told_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "mine.py").write_text(text, encoding="utf-8")
    (problem,) = problems_of(tmp_path)
    assert problem.startswith(f"mine.py:{told}"), problem


def test_all_broken_plugins_are_told_at_once_and_the_sound_ones_work(tmp_path: Path) -> None:
    shutil.copy(HERE / "good" / "return_policy.py", tmp_path)
    names = ("bad_import", "exits", "no_hook", "hook_misspelt", "hook_raises")
    assert len(problems_of(tmp_path, *names)) == len(names)
    assert "return_exchange" in load_plugins(tmp_path, [], installed=False).handlers


# Settings ----------------------------------------------------------------------------------------------------------


def settings_problems(folder: Path, text: str, *, complete: bool = True) -> list[str]:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    file = read(path)
    problems: list[Problem] = []
    handlers = loaded(HERE / "good").handlers
    validated("plugins", handlers, file.data["plugins"], file, problems, complete=complete)
    return [str(p).removeprefix(f"{path}:") for p in problems]


def test_a_plugin_gets_its_section_and_its_defaults(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[plugins.return_exchange]\ndays = 15\n", encoding="utf-8")
    file = read(path)
    settings = validated("plugins", loaded(HERE / "good").handlers, file.data["plugins"], file, [])
    own = settings["return_exchange"]
    assert own is not None
    assert own.model_dump() == {"contact": "售后组", "days": 15}
    assert settings["size"] is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[plugins.return_exchange]\ndays = 3\n", "2: plugins.return_exchange.days: input should be greater than or"),
        (
            "[plugins.return_exchange]\nday = 8\n",
            "2: plugins.return_exchange.day: is not a known setting; did you mean",
        ),
        ("[plugins.size]\nunit = 'cm'\n", "1: plugins.size: takes no settings"),
        ("[plugins.invioce]\n", "1: plugins.invioce: is not registered by any plugin; did you mean 'invoice'?"),
    ],
)
def test_a_mistake_in_a_plugins_section_is_told(tmp_path: Path, text: str, told: str) -> None:
    (problem,) = settings_problems(tmp_path, text)
    assert problem.startswith(told), problem


def test_a_section_may_belong_to_a_plugin_that_could_not_be_loaded(tmp_path: Path) -> None:
    assert settings_problems(tmp_path, "[plugins.courier]\nx = 1\n", complete=False) == []
