"""Resolve the broker's jars anew and write `jgo.lock.toml`: `python -m deploy.local.relock`, for maintainers only."""

import jgo
from jgo.env import LockFile
from jgo.env._lockfile import LockedDependency, compute_sha256

from deploy.local.jars import ENDPOINT, LOCK


def main() -> None:
    """Write the lock beside this file, sorted, with the SHA-256 of every jar as fetched now."""
    locked = []
    for artifact in jgo.resolve(ENDPOINT):
        locked.append(
            LockedDependency(
                artifact.groupId,
                artifact.artifactId,
                artifact.version,
                artifact.packaging,
                artifact.classifier or None,
                compute_sha256(artifact.resolve()),
            )
        )
        print(artifact)
    locked.sort(key=lambda one: (one.groupId, one.artifactId))
    LockFile(dependencies=locked).save(LOCK)


if __name__ == "__main__":
    main()
