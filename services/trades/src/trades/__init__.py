"""Writes an exchange's public trades to Kafka."""
