"""Find private names of Keras that a package uses."""

import re
from pathlib import Path

# Attributes and methods of layers, models, tensors and optimizers that Keras may change in any release.
PRIVATE = (
    "_flatten_layers", "_functional", "_get_variable_index", "_inbound_nodes", "_initializer", "_inputs_struct",
    "_keras_history", "_layers", "_moments", "_nodes_by_depth", "_operations", "_outputs_struct", "_symbolic_build",
    "_tracker", "_trainable", "_trainable_variables",
)  # fmt: skip
_ANY = f"({'|'.join(PRIVATE)})"
# A use is `object._name`, `def _name(self` in a subclass, or the name in quotes in `getattr` and its kin.
_USE = re.compile(rf"""[\w)\]]\.{_ANY}\b|def {_ANY}\(self|attr\([^,]+, ?["']{_ANY}["']""")
_IMPORT = re.compile(r"^\s*(from|import) keras\.src\b|\bkeras\.src\.")


def private_lines(package: Path) -> dict[str, list[int]]:
    """Return the line numbers per file that use a private name, without comments."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        lines = [line.partition("#")[0] for line in path.read_text(encoding="utf-8").splitlines()]
        numbers = [
            number for number, line in enumerate(lines, 1) if _USE.search(line) or _IMPORT.search(line)
        ]
        if numbers:
            found[path.relative_to(package).as_posix()] = numbers
    return found
