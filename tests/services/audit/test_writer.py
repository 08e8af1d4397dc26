"""The writer from end to end, on a real PostgreSQL and a real Kafka, as its own database role."""

from tests.services.audit.rig import Rig, event


async def test_the_founding_event_is_leaf_0_whatever_came_before(rig: Rig) -> None:
    early, late = event(), event()
    await rig.seal(early, rig.founding, late, size=3)
    assert await rig.entries() == [rig.founding, early, late]
