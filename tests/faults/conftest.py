"""What all fault tests share, and the table of what they found, printed at the end of the long form."""

import pytest

from autoreply import handlers

from .form import SCALE, found


@pytest.fixture(autouse=True)
def no_watchdog(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine that is busy with the faults, a handler may stand still for a second through no fault of its own."""
    monkeypatch.setattr(handlers, "BLOCKED_AFTER", 60.0)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not SCALE or not found:
        return
    terminalreporter.section(f"faults, scale {SCALE:g}")
    widths = [max(len(row[n]) for row in found) for n in range(2)]
    for fault, times, outcome in found:
        terminalreporter.write_line(f"{fault:{widths[0]}}  {times:>{widths[1]}}  {outcome}")
