"""One-line breaks of the code, each of which must turn the test of its guarantee red: `python -m tests.mutants`."""
