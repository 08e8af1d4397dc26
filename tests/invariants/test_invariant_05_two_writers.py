"""5: of two writers with one key one writes; paused past its time and woken again, it commits and signs nothing more."""

import asyncio
import signal

from deploy.local.waiting import wait_until
from tests.services.audit.rig import Rig, event
from tests.services.audit.test_process import SECONDS, WriterProcess

QUICK = {"CADENA_HEARTBEAT_SECONDS": "0.5", "CADENA_HEARTBEAT_OLD_SECONDS": "5"}


def test_invariant_05_a_writer_that_was_passed_over_does_nothing_more(rig: Rig) -> None:
    values = [rig.founding, *(event() for _ in range(20))]
    asyncio.run(rig.send(*values))
    one, two = (WriterProcess(rig, name, **QUICK) for name in ("one", "two"))
    try:
        one.process.start()
        wait_until(lambda: one.ready() and one.metric("cadena_audit_size") == 21, SECONDS, "the first to write")
        two.process.start()
        wait_until(lambda: "waiting for the lock" in two.ask("readyz")[1], SECONDS, "the second to wait")
        one.process.signal(signal.SIGSTOP)
        late = [event() for _ in range(20)]
        asyncio.run(rig.send(*late))
        wait_until(lambda: two.metric("cadena_audit_size") == 41, SECONDS, "the second to take over")
        assert two.metric("cadena_audit_epoch") == 2
        of_the_first = "SELECT array_agg(size ORDER BY size) FROM head WHERE epoch = 1"
        signed = asyncio.run(rig.fetchval(of_the_first))
        one.process.signal(signal.SIGCONT)
        assert one.end()[0] not in (0, None), "it ends"
        assert asyncio.run(rig.fetchval(of_the_first)) == signed
        assert two.ready()
        assert asyncio.run(rig.demand_whole()) == values + late
    finally:
        one.process.kill()
        two.process.kill()
