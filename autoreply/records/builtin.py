"""The shipped sources of records, registered by the same hook as anyone's."""

from autoreply.hookspecs import RegisterRecordSource, hookimpl
from autoreply.records.http import HttpOrders, HttpProducts, HttpSettings
from autoreply.records.sql import SqlOrders, SqlProducts, SqlSettings
from autoreply.records.table import TableOrders, TableProducts, TableSettings


@hookimpl
def register_record_sources(register: RegisterRecordSource) -> None:
    register("table", orders=TableOrders, products=TableProducts, settings=TableSettings)
    register("sql", orders=SqlOrders, products=SqlProducts, settings=SqlSettings)
    register("http", orders=HttpOrders, products=HttpProducts, settings=HttpSettings)
