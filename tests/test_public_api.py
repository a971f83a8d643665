"""What plugins may import from the top."""

import subprocess
import sys

import pytest

import autoreply


def test_every_public_name_is_there() -> None:
    for name in autoreply.__all__:
        assert getattr(autoreply, name) is not None
    assert set(autoreply.__all__) == set(autoreply._HOME_OF)


def test_another_name_is_refused_like_in_any_module() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Contxt'"):
        _ = autoreply.Contxt  # type: ignore[attr-defined]


def test_importing_the_package_imports_no_part_of_it() -> None:
    code = "import sys, autoreply; print([m for m in sys.modules if m.startswith(('autoreply.', 'jieba', 'numpy'))])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"
