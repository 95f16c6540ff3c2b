"""Writes trades to Kafka as they happen."""

import signal
import sys
import threading

from confluent_kafka import KafkaException
from loguru import logger
from quixstreams import Application
from quixstreams.kafka.exceptions import KafkaBrokerUnavailableError

from trades.config import Settings
from trades.feed import Feed
from trades.report import Report

BROKER_ANSWER_SECONDS = 10
BROKER_OUTAGE_SECONDS = 60
FLUSH_SECONDS = 1


def main() -> None:
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())

    settings = Settings.from_environment()
    logger.info("Kafka broker: {}", settings.kafka_broker_address)
    try:
        write_trades(settings, stopped)
    except KafkaException as error:
        sys.exit(f"error: Kafka at {settings.kafka_broker_address}: {error.args[0].str()}")
    except KafkaBrokerUnavailableError as error:
        sys.exit(f"error: Kafka at {settings.kafka_broker_address}: {error}")
    logger.info("stopped")


def write_trades(settings: Settings, stopped: threading.Event) -> None:
    app = Application(
        broker_address=settings.kafka_broker_address,
        loglevel="WARNING",
        request_timeout=BROKER_ANSWER_SECONDS,
    )
    topic = app.topic(settings.kafka_topic, key_serializer="str", value_serializer="json")
    producer = app.get_producer()
    report = Report(topic.name)
    for trade in Feed(settings.exchange_url, settings.symbols).trades(stopped):
        message = topic.serialize(key=trade.symbol, value=trade.model_dump())
        producer.produce(
            topic=topic.name,
            key=message.key,
            value=message.value,
            timestamp=trade.timestamp_ms,
            on_delivery=report.note,
        )
        producer.raise_if_broker_unavailable(BROKER_OUTAGE_SECONDS)
        report.log_when_due()
    producer.flush(FLUSH_SECONDS)


if __name__ == "__main__":
    main()
