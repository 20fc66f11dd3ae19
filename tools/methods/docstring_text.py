"""Convert docstrings to Markdown: paragraphs, formulas, links to other parts."""

import functools
import importlib
import inspect
import re
import sys
import textwrap

_SECTION = re.compile(
    r"^(Args|Arguments|Attributes|Returns|Raises|Call|Call arguments|Input|Output|Inputs?.*):"
)
# The first finds operators and functions, the second names with an index, such as w_c.
_MATH = (
    re.compile(r"\^|<\w|\|\w| [-+=~] \S|\b(softmax|log|exp|sqrt)\b ?\("),
    re.compile(r"\b\w_\w\b"),
)
_NAME = re.compile(r"`+(ltzoo\.[A-Za-z_.0-9]+)`+")


def paragraphs(text: str) -> list[list[str]]:
    """Return the paragraphs of a docstring, as lists of lines, up to its first section such as "Args:"."""
    found, current = [], []
    for line in text.splitlines():
        if _SECTION.match(line):
            break
        if line.strip():
            current.append(line)
        elif current:
            found.append(current)
            current = []
    return [*found, current] if current else found


def markdown(text: str) -> str:
    """Convert the text before the first section to Markdown: one line per paragraph, indented blocks as code."""
    blocks = []
    for lines in paragraphs(text):
        if lines[0].startswith("    "):
            blocks.append(_code(lines))
        elif lines[0].startswith("- "):
            items = re.split(r"\n(?=- )", "\n".join(lines))
            blocks.append("\n".join(_line(item.split("\n")) for item in items))
        else:
            blocks.append(_line(lines))
    return "\n\n".join(blocks)


def formula(text: str) -> str | None:
    """Return the formula of a docstring: its indented block, else its first paragraph with mathematics, else None."""
    every = paragraphs(text)
    for lines in every:
        if lines[0].startswith("    "):
            return "\n".join(line[4:].rstrip() for line in lines)
    for pattern in _MATH:
        for lines in every:
            if lines[0].startswith("- ") or not pattern.search(_line(lines)):
                continue
            steps = [step.strip() for step in _line(lines).split(" ; ")]
            if "[" in steps[0] and "]" not in steps[0]:
                steps = [_line(lines)]  # the semicolons belong to a vector
            return "\n".join(textwrap.fill(step, 100, subsequent_indent="    ") for step in steps)
    return None


def is_prose(text: str) -> bool:
    """Return whether the result of `formula` is a description in words, to print as text."""
    return len(re.findall(r"\b[a-z]{4,}\b", text)) > 25


def mentioned(text: str) -> list[str]:
    """Return the full names of this library that a docstring refers to, in order."""
    return list(dict.fromkeys(name.rstrip(".") for name in _NAME.findall(text)))


@functools.cache
def resolve(name: str):
    """Return the object with a full name such as `ltzoo.layers.NormalizedDense`, or None if there is none."""
    parts = name.split(".")
    for split in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:split]))
        except ImportError:
            continue
        for attribute in parts[split:]:
            found = getattr(found, attribute, None)
        return found
    return None


def documented(part) -> str:
    """Return the docstring with a part's formula: its own, or of a function it says to "see", or of a part it names."""
    own = inspect.getdoc(part)
    before = [_line(lines) for lines in paragraphs(own)]
    see = re.search(r"[Ss]ee `(\w+)`", before[0]) or re.search(
        r"[Ss]ee `(\w+)` for the formula", " ".join(before)
    )
    function = see and getattr(sys.modules[part.__module__], see.group(1), None)
    if function:
        return inspect.getdoc(function)
    if formula(own) is None:
        for name in mentioned(own):
            target = resolve(name)
            if name.startswith(("ltzoo.layers.", "ltzoo.losses.")) and callable(target):
                return inspect.getdoc(target)
    return own


def _line(lines):
    return re.sub(r"``+", "`", " ".join(line.strip() for line in lines))


def _code(lines):
    return "\n".join(["```text", *(line[4:].rstrip() for line in lines), "```"])
