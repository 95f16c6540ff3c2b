"""Reads the public trades of an exchange that speaks version 2 of Kraken's WebSocket protocol
(https://docs.kraken.com/api/docs/websocket-v2/trade)."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, TypeAdapter
from websocket import WebSocket, WebSocketException, create_connection

from trades.trade import Trade

# What `subscription` and its trades raise when the exchange cannot be reached, goes away, or
# sends what is not understood.
ERRORS = (OSError, WebSocketException, ValueError)

# A subscribed connection carries a heartbeat every second.
SILENCE_SECONDS = 10


class _Message(BaseModel):
    """Answers to a request have `method` and `success`, everything else has `channel`."""

    channel: str = ""
    method: str = ""
    success: bool = True
    error: str = ""
    data: Any = None


class _Item(BaseModel):
    symbol: str
    side: Literal["buy", "sell"]
    price: float
    qty: float
    timestamp: datetime


_Items = TypeAdapter(list[_Item])


@contextmanager
def subscription(url: str, symbols: Sequence[str], timeout: float) -> Iterator[Iterator[Trade]]:
    """Connects, and gives the trades from now on, once every symbol was accepted. `timeout`
    (seconds) holds for each step of the connection but not for the look-up of the host's name."""
    with closing(create_connection(url, timeout=timeout)) as socket:
        socket.settimeout(SILENCE_SECONDS)
        params = {"channel": "trade", "symbol": list(symbols), "snapshot": False}
        socket.send(json.dumps({"method": "subscribe", "params": params}))
        messages = _messages(socket)
        _await_acceptance(messages, len(symbols))
        yield _trades(messages, source=urlsplit(url).hostname or url)


def _messages(socket: WebSocket) -> Iterator[_Message]:
    while text := socket.recv():
        message = _Message.model_validate_json(text)
        if not message.success:
            raise ConnectionError(f"subscription refused: {message.error}")
        yield message
    raise ConnectionError("closed by the exchange")


def _await_acceptance(messages: Iterator[_Message], symbols: int) -> None:
    """There is an answer for each symbol. Trades that come before the last one are passed over."""
    while symbols > 0:
        symbols -= next(messages).method == "subscribe"


def _trades(messages: Iterator[_Message], source: str) -> Iterator[Trade]:
    for message in messages:
        if message.channel == "trade":
            for item in _Items.validate_python(message.data):
                yield Trade(
                    symbol=item.symbol,
                    side=item.side,
                    price=item.price,
                    quantity=item.qty,
                    timestamp_ms=int(item.timestamp.timestamp() * 1000),
                    source=source,
                )
