"""One trade, as it stands in Kafka."""

from typing import Literal

from pydantic import BaseModel


class Trade(BaseModel):
    symbol: str
    side: Literal["buy", "sell"]
    price: float
    quantity: float
    timestamp_ms: int
    # Host name of the exchange, or "generated": an invented price is never taken for a real one.
    source: str
