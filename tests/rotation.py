"""Run a part of the slow tests each day, in rotation.

`@pytest.mark.rotating(3)` runs a third of a test's cases a day, and each case every third day, when `pytest` runs the
whole suite. `--every-case` runs all of them, which the gate does on PyTorch, where they are fastest. So does naming
their file, unless `--rotate` is given. The header of the run has the day; `LTZOO_ROTATION=739951` runs the cases of
that day again.
"""

import datetime
import os
import zlib

import pytest

# Parts of tests without a mark, by folder: what they test has little code of its own for each backend.
PARTS = {
    "tests/benchmarks/": 3,
    "tests/cli/": 3,
    "tests/models/": 2,
    "tests/posthoc/": 3,
    "tests/report/": 3,
    "tests/tools/": 3,
    "tests/training/": 2,
}
DAY = int(os.environ.get("LTZOO_ROTATION", datetime.date.today().toordinal()))


def pytest_addoption(parser):
    parser.addoption("--every-case", action="store_true", help="run all cases of tests marked `rotating`")
    parser.addoption("--rotate", action="store_true", help="rotate them also where files are named")


def pytest_configure(config):
    config.addinivalue_line("markers", "rotating(parts): run one of so many parts of the cases a day")
    if hasattr(config, "workerinput"):
        config.rotates, config.day = config.workerinput["rotates"], config.workerinput["day"]
    else:
        config.day = DAY
        whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
        config.rotates = config.option.rotate or (whole and not config.option.every_case)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    """Tell a worker of pytest-xdist what the main process decided."""
    node.workerinput["rotates"], node.workerinput["day"] = node.config.rotates, node.config.day


def pytest_report_header(config):
    return f"rotating tests: {f'cases of day {config.day}' if config.rotates else 'all cases'}"


def pytest_collection_modifyitems(config, items):
    if not config.rotates:
        return
    left_out = [item for item in items if not is_due(item.nodeid, parts_of(item), config.day)]
    items[:] = [item for item in items if is_due(item.nodeid, parts_of(item), config.day)]
    config.hook.pytest_deselected(items=left_out)


def parts_of(item):
    marks = [mark.args[0] for mark in item.iter_markers("rotating")]
    return marks[0] if marks else next((PARTS[path] for path in PARTS if item.nodeid.startswith(path)), 1)


def is_due(name, parts, day):
    """Say whether a test runs on a day, by the CRC-32 of its name."""
    return (zlib.crc32(name.encode()) + day) % parts == 0
