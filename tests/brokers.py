"""Kafka for tests that are not about who may do what: the operator's way in, as a process's settings."""

from pydantic import SecretStr

from shared.kafka import KafkaConfig
from shared.settings import KafkaSettings


def settings_of(config: KafkaConfig, topic_prefix: str) -> KafkaSettings:
    """The settings of a process that comes in by `config`."""
    return KafkaSettings(
        bootstrap_servers=config.bootstrap_servers,
        topic_prefix=topic_prefix,
        security_protocol=config.security_protocol,
        sasl_username=config.sasl_username,
        sasl_password=SecretStr(config.sasl_password) if config.sasl_password else None,
    )
