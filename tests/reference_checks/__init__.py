"""One module a family of reference cases, each with a list `CHECKS`; see `tests.reference_checks.check`."""
