"""Trades for machines that cannot reach an exchange."""

import time
from collections.abc import Iterator, Sequence
from math import exp
from random import Random

from trades.trade import Trade


def trades(symbols: Sequence[str]) -> Iterator[Trade]:
    """An endless random walk per symbol, one trade of each in turn, dated when it is taken.
    A symbol's prices and quantities are the same in every run."""
    walks = [_walk(symbol) for symbol in symbols]
    while True:
        for walk in walks:
            yield next(walk)


def _walk(symbol: str) -> Iterator[Trade]:
    random = Random(symbol)
    price = 10 ** random.uniform(1, 5)
    while True:
        price *= exp(random.gauss(0, 0.0005))
        yield Trade(
            symbol=symbol,
            side=random.choice(("buy", "sell")),
            price=round(price, 2),
            quantity=round(random.expovariate(10), 6),
            timestamp_ms=time.time_ns() // 1_000_000,
            source="generated",
        )
