"""What docs/records.md and docs/records.openapi.yaml say is so: examples run, names are all there."""

import importlib.util
import os
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from aiohttp.test_utils import TestServer
from pydantic import BaseModel, TypeAdapter

from autoreply.plugins import load_plugins
from autoreply.records import Faq, Order, OrderItem, OrderState, Product, RecordsDown, RecordsHome, SizeRow, Sku
from autoreply.records import columns as names
from autoreply.records.http import HttpOrders, HttpSettings, Orders, Products
from autoreply.records.model import in_zone
from autoreply.records.sql import SqlSettings
from autoreply.records.table import TableOrders, TableProducts, TableSettings
from autoreply.tomlfile import Problem, TomlFile, read

from .conftest import ZONE

DOCS = Path(__file__).resolve().parents[2] / "docs"
TEXT = (DOCS / "records.md").read_text(encoding="utf-8")
OPENAPI = yaml.safe_load((DOCS / "records.openapi.yaml").read_text(encoding="utf-8"))
ANSWERS: dict[str, Any] = {
    "/orders": Orders,
    "/orders/{order_no}": Order,
    "/products": Products,
    "/products/{product_id}": Product,
}


def block(heading: str, language: str) -> str:
    """The one block of a language under a heading."""
    section = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    (found,) = re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)
    return str(found)


def sections(heading: str, folder: Path) -> dict[str, dict[str, Any]]:
    path = folder / "config.toml"
    path.write_text(block(heading, "toml"), encoding="utf-8")
    file: TomlFile = read(path)
    return {kind: {k: v for k, v in s.items() if k != "source"} for kind, s in file.data["records"].items()}


def module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.mark.parametrize("model", [Order, OrderItem, Product, Sku, SizeRow, Faq])
def test_the_description_has_every_field_and_no_other(model: type[BaseModel]) -> None:
    schema = OPENAPI["components"]["schemas"][model.__name__]
    assert list(schema["properties"]) == list(model.model_fields)
    assert schema["required"] == [name for name, field in model.model_fields.items() if field.is_required()]


def test_the_description_has_every_state() -> None:
    assert OPENAPI["components"]["schemas"]["Order"]["properties"]["state"]["enum"] == list(OrderState)


@pytest.mark.parametrize("path", ANSWERS)
def test_the_descriptions_examples_are_read(path: str) -> None:
    example = OPENAPI["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["example"]
    assert TypeAdapter(ANSWERS[path]).validate_python(example, context=in_zone(ZONE))


@pytest.mark.parametrize("table", [names.ORDER_LINES, names.PRODUCTS, names.SIZES, names.FAQ])
def test_every_column_is_described_by_names_that_are_known(table: names.Names) -> None:
    for field, others in table.items():
        assert f"`{field}`" in TEXT, field
        assert any(other in TEXT for other in others), field


@pytest.mark.parametrize("model", [TableSettings, SqlSettings, HttpSettings])
def test_every_setting_is_in_an_example(model: type[BaseModel]) -> None:
    for name in model.model_fields:
        assert re.search(rf"^{name} = ", TEXT, re.MULTILINE), name


def test_the_settings_for_tables_and_the_examples_fit_together(tmp_path: Path) -> None:
    given = sections("Tables", tmp_path)
    assert TableSettings.model_validate(given["orders"]).files == (Path("data/orders/*.csv"),)
    assert TableSettings.model_validate(given["products"]).faq == Path("data/faq.csv")


async def test_the_example_tables_are_read(home: RecordsHome) -> None:
    at = RecordsHome(DOCS / "examples", home.timezone, home.clock)
    orders = TableOrders(TableSettings.model_validate({"files": ["orders.csv"]}), at)
    given = {"files": ["products.csv"], "sizes": "sizes.csv", "faq": "faq.csv"}
    products = TableProducts(TableSettings.model_validate(given), at)
    assert [len(o.items) for o in await orders.orders_of("main", "lin_xiaoyu")] == [2, 1]
    assert {p.product_id: (len(p.skus), len(p.sizes), len(p.faq)) for p in await products.products("main")} == {
        "N101": (2, 0, 3),
        "T201": (1, 0, 1),
        "C301": (2, 3, 2),
        "C302": (1, 3, 1),
        "G401": (0, 0, 1),
    }


def test_the_settings_for_a_database(tmp_path: Path) -> None:
    given = sections("A database", tmp_path)
    assert SqlSettings.model_validate(given["orders"]).timeout == 2
    assert SqlSettings.model_validate(given["products"]).sizes


async def test_the_endpoint(home: RecordsHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECORDS_SECRET", "s3cret")
    path = home.folder / "endpoint.py"
    path.write_text(block("An HTTP endpoint", "python"), encoding="utf-8")
    server = TestServer(module(path).app)
    await server.start_server()
    given = sections("An HTTP endpoint", home.folder)["orders"] | {"url": str(server.make_url("/records"))}
    orders = HttpOrders(HttpSettings.model_validate(given), home)
    try:
        assert [o.masked_tracking for o in await orders.orders_of("main", "b-77")] == ["789****3344"]
        assert await orders.order("main", "1002") is None
        monkeypatch.setitem(os.environ, "RECORDS_SECRET", "another")
        with pytest.raises(RecordsDown, match="answered 401"):
            await orders.orders_of("main", "b-77")
    finally:
        await orders.close()
        await server.close()


async def test_a_source_of_ones_own(home: RecordsHome) -> None:
    plugins = home.folder / "plugins"
    plugins.mkdir()
    (plugins / "json_orders.py").write_text(block("A source of your own", "python"), encoding="utf-8")
    problems: list[Problem] = []
    registered = load_plugins(plugins, problems, installed=False).record_sources["json"]
    assert problems == []
    assert registered.settings is not None
    source = registered.target["orders"](registered.settings.model_validate({"folder": "orders"}), home)
    with pytest.raises(RecordsDown, match="is no folder"):
        await source.start()
    (home.folder / "orders").mkdir()
    order = '{"order_no": "1", "buyer_id": "b", "state": "paid", "paid_at": "2026-11-20 10:00:00"}'
    (home.folder / "orders" / "1.json").write_text(order, encoding="utf-8")
    await source.start()
    (found,) = await source.orders_of("main", "b")
    assert found.paid_at.tzinfo == ZONE
    assert await source.order("main", "2") is None
    await source.close()
