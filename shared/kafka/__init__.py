"""Kafka as this project uses it: raw bytes, one partition a topic, positions kept by the reader, no consumer groups.

The only package that knows the client library. Every call ends: by an answer, or by a KafkaProblem at its deadline.
"""

from shared.kafka.client import (
    Headers,
    KafkaConfig,
    KafkaProblem,
    KafkaUnavailable,
    Message,
    NotAllowed,
    OffsetOutOfRange,
    Record,
    TopicMissing,
)
from shared.kafka.producer import Producer
from shared.kafka.reader import Reader, last_record, reading, record_at
from shared.kafka.rights import READ, WRITE, demand_rights
from shared.kafka.stream import Columns, Stream
from shared.kafka.topics import check_fact_topic, ensure_topics, fact_topic, sealed_topic

__all__ = [
    "READ",
    "WRITE",
    "Columns",
    "Headers",
    "KafkaConfig",
    "KafkaProblem",
    "KafkaUnavailable",
    "Message",
    "NotAllowed",
    "OffsetOutOfRange",
    "Producer",
    "Reader",
    "Record",
    "Stream",
    "TopicMissing",
    "check_fact_topic",
    "demand_rights",
    "ensure_topics",
    "fact_topic",
    "last_record",
    "reading",
    "record_at",
    "sealed_topic",
]
