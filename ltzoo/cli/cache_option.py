"""The option that turns the cache of decoded images off."""

import click

cache_option = click.option(
    "--no-cache",
    "cache",
    is_flag=True,
    flag_value=False,
    default=True,
    help="Do not keep decoded images of a folder on disk ($LTZOO_CACHE/decoded, 4 GiB at most).",
)
"""Gives `cache=False` with --no-cache, else True."""
