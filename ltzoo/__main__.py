"""`python -m ltzoo` is the `ltzoo` command."""

from ltzoo.cli import main

if __name__ == "__main__":
    main()
