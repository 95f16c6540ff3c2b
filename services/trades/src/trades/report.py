"""Tells in the log what has arrived in Kafka."""

import time

from confluent_kafka import KafkaError, Message
from loguru import logger

INTERVAL_SECONDS = 10


class Report:
    def __init__(self, topic: str) -> None:
        self._topic = topic
        self._delivered = 0
        self._due = time.monotonic() + INTERVAL_SECONDS

    def note(self, error: KafkaError | None, message: Message) -> None:
        """For the producer to call when Kafka has taken a message, or never will."""
        if error:
            logger.error("{} was not written to {}: {}", message.key(), self._topic, error.str())
        else:
            self._delivered += 1

    def log_when_due(self) -> None:
        now = time.monotonic()
        if now < self._due:
            return
        logger.info("{} trades written to topic {}", self._delivered, self._topic)
        self._delivered, self._due = 0, now + INTERVAL_SECONDS
