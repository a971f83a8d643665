"""What plugins may import from the top."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import autoreply


def test_every_public_name_is_there() -> None:
    for name in autoreply.__all__:
        assert getattr(autoreply, name) is not None


def test_a_type_checker_sees_the_very_objects_that_come_at_run_time() -> None:
    tree = ast.parse(Path(autoreply.__file__).read_text(encoding="utf-8"))
    [block] = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {a.name: node.module for node in block.body if isinstance(node, ast.ImportFrom) for a in node.names}
    assert seen.keys() == set(autoreply.__all__)
    for name, module in seen.items():
        assert getattr(autoreply, name) is getattr(import_module(str(module)), name)


def test_another_name_is_refused_like_in_any_module() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Contxt'"):
        _ = autoreply.Contxt  # type: ignore[attr-defined]


def test_importing_the_package_imports_no_part_of_it() -> None:
    code = "import sys, autoreply; print([m for m in sys.modules if m.startswith(('autoreply.', 'jieba', 'numpy'))])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"
