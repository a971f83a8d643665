"""The visits that buyers agreed to, in a file, and a page that lists them. No phone number is written here."""

import asyncio
import html
import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from aiohttp import web

from autoreply import App, RegisterPage, Result, hookimpl

BOOKED = re.compile(r"book a visit: (?P<day>\S+) (?P<time>\S+) (?P<city>[^,]+), phone")
_HEAD = "<!doctype html><meta charset=utf-8><title>Visits</title><h1>上门安装</h1>"


class Book:
    """Where visits are written down; the path is known once the shop starts."""

    path = Path("var/visits.jsonl")

    def add(self, visit: dict[str, str]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(visit, ensure_ascii=False) + "\n")

    def all(self) -> Iterator[dict[str, str]]:
        """In order of day and time; a line that is no visit, such as half a line, is passed over."""
        found = []
        for line in self.path.read_text(encoding="utf-8").splitlines() if self.path.exists() else ():
            try:
                visit = json.loads(line)
                date.fromisoformat(visit["day"])
            except (ValueError, KeyError, TypeError):
                continue
            found.append(visit)
        yield from sorted(found, key=lambda v: (v["day"], v.get("time", "")))


book = Book()


@hookimpl
def startup(app: App) -> None:
    """Where the shop wants its visits written."""
    if (bound := app.brain.handlers.get("visits")) is not None:
        book.path = app.folder / bound.settings.book


@hookimpl
def observe_turn(result: Result) -> None:
    """A visit was agreed to: the decision is kept by now, so it is written down once."""
    if result.handover is not None and (found := BOOKED.search(result.handover.reason)) is not None:
        book.add({**found.groupdict(), "conversation": str(result.turn.key)})


@hookimpl
def register_pages(register: RegisterPage) -> None:
    register("/booked", show, title="上门安装")


async def show(request: web.Request) -> web.Response:
    """A table of all visits."""
    visits = await asyncio.to_thread(lambda: list(book.all()))
    cells = [[v["day"], v.get("time", ""), v.get("city", ""), v.get("conversation", "")] for v in visits]
    rows = "".join("<tr>" + "".join(f"<td>{html.escape(str(c))}" for c in row) for row in cells)
    return web.Response(text=f"{_HEAD}<table>{rows}</table>" if rows else f"{_HEAD}<p>—", content_type="text/html")
