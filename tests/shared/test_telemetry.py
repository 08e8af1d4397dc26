"""What a process writes to its log when something breaks: where, and nothing of what it was given."""

import json
import subprocess
import sys

BREAKS = """
import logging
import structlog
from pydantic import BaseModel
from shared.telemetry import bind, configure

class Person(BaseModel):
    age: int

def read(sent):
    try:
        Person(age=sent)
    except ValueError as error:
        raise LookupError(f"nobody is {sent}") from error

configure("custody api")
bind(command="c0ffee")
try:
    read("Zanate")
except LookupError:
    structlog.get_logger().exception("unforeseen", incident="i-1")
    logging.getLogger("asyncio").exception("never retrieved")
try:
    raise ExceptionGroup("Zanate", [ValueError("Zanate")])
except ExceptionGroup:
    structlog.get_logger().exception("several")
"""


DIES = """
import typer
from shared.telemetry import configure

app = typer.Typer(pretty_exceptions_enable=False)

@app.command()
def work():
    configure("custody worker")
    raise LookupError("nobody is Zanate")

app()
"""


def test_a_process_that_dies_says_where_in_json_and_not_with_what() -> None:
    ran = subprocess.run([sys.executable, "-c", DIES], capture_output=True, text=True, check=False)
    (line,) = [json.loads(line) for line in ran.stdout.splitlines()]
    assert (ran.returncode, line["event"], line["level"]) == (1, "the process ends", "critical")
    assert line["exception"][0]["exc_type"] == "LookupError"
    assert "Zanate" not in ran.stdout + ran.stderr


def test_an_error_is_logged_by_type_and_place_without_a_word_of_what_was_sent() -> None:
    ran = subprocess.run([sys.executable, "-c", BREAKS], capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [line["event"] for line in lines] == ["unforeseen", "never retrieved", "several"]
    assert {(line["process"], line["level"], line["command"]) for line in lines} == {("custody api", "error", "c0ffee")}
    assert lines[0]["incident"] == "i-1"
    for line in lines[:2]:
        assert [one["exc_type"] for one in line["exception"]] == ["LookupError", "ValidationError"]
        assert [frame["name"] for frame in line["exception"][0]["frames"]] == ["<module>", "read"]
    assert lines[2]["exception"][0]["exceptions"][0][0]["exc_type"] == "ValueError"
    assert "Zanate" not in ran.stdout + ran.stderr
