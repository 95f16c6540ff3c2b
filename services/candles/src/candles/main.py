"""Makes candles from the trades in Kafka: one per symbol and window, written once complete."""

import signal
import sys
from datetime import timedelta
from typing import Any

from confluent_kafka import KafkaException
from loguru import logger
from quixstreams import Application
from quixstreams.dataframe.windows import Count, First, Last, Max, Min, Sum
from quixstreams.kafka.exceptions import KafkaBrokerUnavailableError, KafkaProducerDeliveryError

from candles.config import Settings

BROKER_ANSWER_SECONDS = 10
BROKER_OUTAGE_SECONDS = 60


def main() -> None:
    # Until the application has its own handler: the first process of a container has no default.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())

    settings = Settings.from_environment()
    logger.info("Kafka broker: {}", settings.kafka_broker_address)
    try:
        make_candles(settings)
    except KafkaException as error:
        sys.exit(f"error: Kafka at {settings.kafka_broker_address}: {error.args[0].str()}")
    except (KafkaBrokerUnavailableError, KafkaProducerDeliveryError) as error:
        sys.exit(f"error: Kafka at {settings.kafka_broker_address}: {error}")
    logger.info("stopped")


def make_candles(settings: Settings) -> None:
    app = Application(
        broker_address=settings.kafka_broker_address,
        consumer_group=settings.kafka_consumer_group,
        auto_offset_reset="earliest",
        state_dir=settings.state_dir,
        loglevel="WARNING",
        request_timeout=BROKER_ANSWER_SECONDS,
        broker_availability_timeout=BROKER_OUTAGE_SECONDS,
        # A commit waits for its messages to be delivered, however long that takes.
        producer_extra_config={"message.timeout.ms": BROKER_OUTAGE_SECONDS * 1000},
    )
    trades = app.topic(
        settings.kafka_input_topic, key_deserializer="str", value_deserializer="json"
    )
    candles = app.topic(settings.kafka_output_topic, key_serializer="str", value_serializer="json")
    windows = app.dataframe(trades).tumbling_window(timedelta(seconds=settings.window_seconds))
    (
        windows.agg(
            open=First("price"),
            high=Max("price"),
            low=Min("price"),
            close=Last("price"),
            volume=Sum("quantity"),
            trades=Count(),
        )
        .final()
        .apply(to_candle, metadata=True)
        .update(log_candle)
        .to_topic(candles)
    )
    app.run()


def to_candle(window: dict[str, Any], key: Any, _timestamp: int, _headers: Any) -> dict[str, Any]:
    start, end = window.pop("start"), window.pop("end")
    return {"symbol": key, "start_ms": start, "end_ms": end, **window}


def log_candle(candle: dict[str, Any]) -> None:
    logger.info(
        "{symbol} open {open} high {high} low {low} close {close} volume {volume:.6f}", **candle
    )


if __name__ == "__main__":
    main()
