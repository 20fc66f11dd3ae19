"""Count cards, guides, generated files and type errors of the repository."""

import json
import shutil
import subprocess
from pathlib import Path

# Files that tools write, besides the cards.
GENERATED = ("docs/methods.md",)


def guides(root: Path) -> list[str]:
    """Return the file names of the guides for contributors."""
    return [name for name in ("CONTRIBUTING.md", "STYLE.md") if (root / name).is_file()]


def cards(root: Path) -> tuple[int, int]:
    """Return the number of card files without weights, and of all card files."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in (root / "weights").glob("*.json")]
    return sum(not card.get("weights") for card in found), len(found)


def generated_lines(root: Path) -> dict[str, int]:
    """Return the number of lines of each generated document in the repository."""
    paths = {name: root / name for name in GENERATED}
    return {
        name: len(path.read_text(encoding="utf-8").splitlines())
        for name, path in paths.items()
        if path.is_file()
    }


def type_errors(root: Path, package: str) -> int | None:
    """Return the number of pyright errors in a package, or None if pyright is not installed."""
    command = shutil.which("pyright")
    if command is None:
        return None
    done = subprocess.run([command, "--outputjson", package], cwd=root, capture_output=True, text=True)
    return json.loads(done.stdout)["summary"]["errorCount"]
