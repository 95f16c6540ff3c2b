"""Runs in the image, whose virtual environment has all that is imported here: with this directory
mounted as /tests, `python -m unittest discover -s /tests`."""

import os
import threading
import unittest
from collections.abc import Iterator
from itertools import islice
from unittest.mock import patch

from exchange_server import ExchangeServer
from trades import exchange, generated
from trades.config import Settings
from trades.feed import Feed
from trades.trade import Trade

STATUS = '{"channel":"status","type":"update","data":[{"system":"online","version":"2.0.9"}]}'
SUBSCRIBED = '{"method":"subscribe","result":{"channel":"trade","symbol":"BTC/USD"},"success":true}'
REFUSED = '{"error":"Currency pair not supported X/Y","method":"subscribe","success":false}'
HEARTBEAT = '{"channel":"heartbeat"}'
TRADE = (
    '{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"sell","price":65000.1,'
    '"qty":0.25,"ord_type":"limit","trade_id":4665906,"timestamp":"2023-09-25T07:49:37.708706Z"}]}'
)
NOTHING_LISTENS = "ws://127.0.0.1:1"


class Exchange(unittest.TestCase):
    def read(self, *messages: str) -> Iterator[Trade]:
        with (
            ExchangeServer(messages) as server,
            exchange.subscription(server.url, ["BTC/USD"], timeout=2) as trades,
        ):
            yield from trades

    def test_takes_the_trades_among_other_messages(self) -> None:
        expected = {
            "symbol": "BTC/USD",
            "side": "sell",
            "price": 65000.1,
            "quantity": 0.25,
            "timestamp_ms": 1695628177708,
            "source": "127.0.0.1",
        }
        trades = self.read(STATUS, SUBSCRIBED, HEARTBEAT, TRADE, HEARTBEAT)
        self.assertEqual(next(trades).model_dump(), expected)
        with self.assertRaises(exchange.ERRORS):
            next(trades)

    def test_says_why_it_was_refused(self) -> None:
        with self.assertRaisesRegex(exchange.ERRORS, "refused: Currency pair not supported X/Y"):
            next(self.read(STATUS, REFUSED))

    def test_takes_nothing_that_is_no_trade(self) -> None:
        for text in ("[]", "not JSON", '{"channel":"trade","data":[{"symbol":"BTC/USD"}]}'):
            with self.subTest(text), self.assertRaises(ValueError):
                next(self.read(SUBSCRIBED, text))


class FeedOfTrades(unittest.TestCase):
    def take(self, url: str, count: int) -> list[str]:
        stopped = threading.Event()
        trades = list(islice(Feed(url, ["BTC/USD", "ETH/USD"]).trades(stopped), count))
        return [trade.source for trade in trades]

    def test_is_generated_at_once_where_nothing_listens(self) -> None:
        self.assertEqual(self.take(NOTHING_LISTENS, 4), ["generated"] * 4)

    def test_is_generated_in_time_where_the_look_up_of_the_name_hangs(self) -> None:
        def hang(*_: object, **__: object) -> None:
            threading.Event().wait()

        with (
            patch("trades.feed.CONNECT_SECONDS", 0.2),
            patch("trades.exchange.create_connection", hang),
        ):
            self.assertEqual(self.take(NOTHING_LISTENS, 2), ["generated"] * 2)

    def test_is_generated_after_the_exchange_is_lost(self) -> None:
        with (
            patch("trades.feed.CONNECT_SECONDS", 0.2),
            patch("trades.feed.RETRY_SECONDS", 0.2),
            ExchangeServer([SUBSCRIBED, SUBSCRIBED, TRADE]) as server,
        ):
            self.assertEqual(self.take(server.url, 3), ["127.0.0.1", "generated", "generated"])

    def test_is_generated_where_the_exchange_refuses_or_hangs_up_each_time(self) -> None:
        for messages in ([STATUS, SUBSCRIBED, REFUSED], [SUBSCRIBED, SUBSCRIBED], []):
            with (
                self.subTest(messages),
                patch("trades.feed.CONNECT_SECONDS", 0.2),
                patch("trades.feed.RETRY_SECONDS", 0.2),
                ExchangeServer(messages, connections=9) as server,
            ):
                self.assertEqual(self.take(server.url, 6), ["generated"] * 6)

    def test_ends_when_told(self) -> None:
        stopped = threading.Event()
        stopped.set()
        self.assertEqual(list(Feed(NOTHING_LISTENS, ["BTC/USD"]).trades(stopped)), [])


class Generated(unittest.TestCase):
    def test_prices_are_the_same_in_every_run(self) -> None:
        first, second = (
            [(trade.symbol, trade.price) for trade in islice(generated.trades(["A", "B"]), 100)]
            for _ in range(2)
        )
        self.assertEqual(first, second)
        self.assertEqual([symbol for symbol, _ in first[:4]], ["A", "B", "A", "B"])
        self.assertGreater(len({price for _, price in first}), 50)


class Configuration(unittest.TestCase):
    def settings(self, **environment: str) -> Settings:
        with patch.dict(os.environ, environment, clear=True):
            return Settings.from_environment()

    def test_broker_is_required(self) -> None:
        for environment in ({}, {"KAFKA_BROKER_ADDRESS": ""}):
            with self.subTest(environment), self.assertRaises(SystemExit) as ended:
                self.settings(**environment)
            self.assertRegex(str(ended.exception), r"^error: KAFKA_BROKER_ADDRESS: .*$")

    def test_symbols_are_separated_by_commas(self) -> None:
        settings = self.settings(KAFKA_BROKER_ADDRESS="kafka:9092", SYMBOLS="BTC/EUR, ETH/EUR")
        self.assertEqual(settings.symbols, ["BTC/EUR", "ETH/EUR"])


if __name__ == "__main__":
    unittest.main()
