"""What the service can be told: each field by the environment variable of its name."""

import sys
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    kafka_broker_address: str = Field(min_length=1)
    kafka_input_topic: str = "trades"
    kafka_output_topic: str = "candles"
    kafka_consumer_group: str = "candles"
    window_seconds: int = Field(default=10, gt=0)
    # The image makes this directory for the user that it runs as.
    state_dir: Path = Path("/app/state")

    @classmethod
    def from_environment(cls) -> Self:
        """Ends the process with one line per variable if any is missing or wrong."""
        try:
            return cls()
        except ValidationError as error:
            problems = [f"error: {str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors()]
            sys.exit("\n".join(problems))
