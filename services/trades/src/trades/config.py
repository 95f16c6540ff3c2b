"""What the service can be told: each field by the environment variable of its name."""

import sys
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode


def _comma_separated(value: str | list[str]) -> list[str]:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


class Settings(BaseSettings):
    kafka_broker_address: str = Field(min_length=1)
    kafka_topic: str = "trades"
    exchange_url: str = "wss://ws.kraken.com/v2"
    symbols: Annotated[list[str], NoDecode, BeforeValidator(_comma_separated)] = [
        "BTC/USD",
        "ETH/USD",
        "SOL/USD",
    ]

    @classmethod
    def from_environment(cls) -> Self:
        """Ends the process with one line per variable if any is missing or wrong."""
        try:
            return cls()
        except ValidationError as error:
            problems = [f"error: {str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors()]
            sys.exit("\n".join(problems))
