"""What the writer measures. An alarm is a counter here and a line of level ERROR in the log, never one alone."""

import structlog
from prometheus_client import Counter, Gauge

APPENDED = Counter("cadena_audit_appended_total", "Entries appended to the ledger")
DUPLICATES = Counter("cadena_audit_duplicates_total", "Messages dropped because their very bytes are in the ledger")
FOREIGN = Counter("cadena_audit_foreign_total", "Messages that were no event of their topic's source")
HEADS = Counter("cadena_audit_heads_signed_total", "Heads signed")
PUBLISHED = Counter("cadena_audit_messages_published_total", "Sealed messages published")
RECONNECTS = Counter("cadena_audit_kafka_sessions_lost_total", "Sessions with Kafka that ended in an error")
SIZE = Gauge("cadena_audit_size", "Entries under the newest head")
UNSEALED = Gauge("cadena_audit_unsealed_age_seconds", "Age of the oldest message consumed and not yet under a head")
LAG = Gauge("cadena_audit_consumer_lag", "Messages of a topic not yet consumed", ["topic"])
GENERATION = Gauge("cadena_audit_generation", "Kafka's generation, raised when it turns out foreign or emptied")
EPOCH = Gauge("cadena_audit_epoch", "The writer's epoch, raised at each take-over")
ALARMS = Counter("cadena_audit_alarms_total", "What an operator must look at", ["alarm"])

_log = structlog.get_logger()


def alarm(name: str, sentence: str, **members: object) -> None:
    """Count and say an alarm; `members` hold ids and numbers, never a payload."""
    ALARMS.labels(name).inc()
    _log.error(sentence, alarm=name, **members)
