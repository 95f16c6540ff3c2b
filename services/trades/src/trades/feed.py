"""The exchange's trades, or generated ones while the exchange cannot be reached."""

import queue
import threading
import time
from collections.abc import Iterator, Sequence
from itertools import islice

from loguru import logger

from trades import exchange, generated
from trades.trade import Trade

CONNECT_SECONDS = 5.0
RETRY_SECONDS = 5.0
# In each interval of the generated feed every symbol is traded once.
GENERATED_INTERVAL_SECONDS = 0.5


class Feed:
    """A thread reads the exchange, so that neither a slow name server nor a silent exchange keeps
    whoever takes the trades from going on, or from ending."""

    def __init__(self, url: str, symbols: Sequence[str]) -> None:
        self._url = url
        self._symbols = symbols
        self._received: queue.Queue[Trade] = queue.Queue(maxsize=10_000)
        self._connected = threading.Event()
        self._problem = f"no connection within {CONNECT_SECONDS:g} s"
        self._generate_from = time.monotonic() + CONNECT_SECONDS

    def trades(self, stopped: threading.Event) -> Iterator[Trade]:
        """Gives trades until `stopped`, which it sees within GENERATED_INTERVAL_SECONDS."""
        threading.Thread(target=self._read_exchange, name="exchange", daemon=True).start()
        substitute = generated.trades(self._symbols)
        generating = False
        while not stopped.is_set():
            if self._must_generate() and not generating:
                problem = f"{self._url} cannot be reached: {self._problem}"
                logger.warning("feed: generated ({})", problem)
            generating = self._must_generate()
            try:
                yield self._received.get(timeout=GENERATED_INTERVAL_SECONDS)
            except queue.Empty:
                if generating:
                    yield from islice(substitute, len(self._symbols))

    def _must_generate(self) -> bool:
        return not self._connected.is_set() and time.monotonic() >= self._generate_from

    def _read_exchange(self) -> None:
        while True:
            traded = False
            try:
                with exchange.subscription(self._url, self._symbols, CONNECT_SECONDS) as trades:
                    self._connected.set()
                    logger.info("feed: {}", self._url)
                    for trade in trades:
                        traded = True
                        self._received.put(trade)
            except exchange.ERRORS as error:
                self._note(error, traded)
            time.sleep(RETRY_SECONDS)

    def _note(self, error: Exception, traded: bool) -> None:
        """A connection that brought trades is tried once more before generated prices follow real
        ones; one that brought none is not waited for, or there would be none at all."""
        self._problem = str(error) or type(error).__name__
        self._generate_from = time.monotonic()
        if self._connected.is_set():
            logger.warning("feed: {} lost: {}", self._url, self._problem)
        if traded:
            self._generate_from += RETRY_SECONDS + CONNECT_SECONDS
        self._connected.clear()
