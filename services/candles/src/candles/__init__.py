"""Makes candles from the trades in Kafka."""
