"""The broker's jars: only what the lock names, and only the very bytes that it names."""

import hashlib
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jgo.maven import PythonResolver

from deploy.local import jars
from deploy.local.jars import Jar, cache_folder, ensure_jars, locked
from deploy.local.kafka import java
from deploy.local.problem import StackProblem

CONTENT = b"the very bytes"
JAR = Jar("org.example", "thing", "1.0", "", hashlib.sha256(CONTENT).hexdigest())


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes | None], list[str]]:
    """Make the resolver answer with these bytes, or as without a network; the names it was asked for."""

    def serve(content: bytes | None) -> list[str]:
        asked: list[str] = []

        def download(_self: PythonResolver, artifact: Any) -> Path:
            asked.append(artifact.filename)
            if content is None:
                raise ConnectionError("no route to host")
            path: Path = artifact.cached_path
            path.parent.mkdir(parents=True)
            path.write_bytes(content)
            return path

        monkeypatch.setattr(PythonResolver, "download", download)
        return asked

    return serve


def test_a_jar_is_fetched_once_and_again_when_it_was_changed(
    tmp_path: Path, served: Callable[[bytes | None], list[str]]
) -> None:
    asked = served(CONTENT)
    path = ensure_jars(tmp_path, [JAR])[0]
    assert path == tmp_path / "org/example/thing/1.0/thing-1.0.jar"
    ensure_jars(tmp_path, [JAR])
    assert asked == ["thing-1.0.jar"]
    path.write_bytes(b"changed on this disk")
    ensure_jars(tmp_path, [JAR])
    assert path.read_bytes() == CONTENT
    assert len(asked) == 2


def test_other_bytes_than_the_locked_ones_are_never_kept(
    tmp_path: Path, served: Callable[[bytes | None], list[str]]
) -> None:
    served(b"something else")
    with pytest.raises(StackProblem, match="SHA-256 differs"):
        ensure_jars(tmp_path, [JAR])
    assert not list(tmp_path.rglob("*.jar"))


def test_without_a_network_it_says_what_to_do(tmp_path: Path, served: Callable[[bytes | None], list[str]]) -> None:
    served(None)
    with pytest.raises(StackProblem, match="KAFKA_BOOTSTRAP_SERVERS"):
        ensure_jars(tmp_path, [JAR])


def test_the_lock_names_every_jar_with_its_hash_and_no_host(tmp_path: Path) -> None:
    named = locked()
    assert len(named) == len({jar.path for jar in named}) == 45
    assert "://" not in jars.LOCK.read_text()
    without = tmp_path / "lock.toml"
    without.write_text('[[dependencies]]\ngroupId = "g"\nartifactId = "a"\nversion = "1"\n')
    with pytest.raises(StackProblem, match="without its SHA-256"):
        locked(without)
    assert replace(JAR, classifier="linux").path.name == "thing-1.0-linux.jar"


def test_the_cache_and_the_java_are_this_environments_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CADENA_CACHE", raising=False)
    assert cache_folder() == Path(sys.prefix) / "kafka"
    monkeypatch.setenv("CADENA_CACHE", "/elsewhere")
    assert cache_folder() == Path("/elsewhere/kafka")
    assert java().is_relative_to(sys.prefix)
