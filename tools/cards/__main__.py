"""Write the zoo's cards into weights/ from the papers' tables.

python -m tools.cards            write the cards
python -m tools.cards --count    first count the multiply-adds of the backbones (minutes)
"""

import argparse

from ltzoo import shipped
from tools.cards import entries, training_cost


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.cards",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--count", action="store_true", help="count the backbones' multiply-adds again")
    if parser.parse_args().count:
        training_cost.forget()
    written = entries.files()
    for name, text in written.items():
        (shipped.folder() / name).write_text(text, encoding="utf-8")
    training_cost.remember()
    print(f"wrote {', '.join(written)} into {shipped.folder()}")


if __name__ == "__main__":
    main()
