"""An exchange on the loopback interface, for what a public one cannot be asked to do: it refuses,
goes silent, or closes the connection in the middle of the stream."""

import base64
import hashlib
import socket
import struct
import threading
from collections.abc import Sequence
from typing import Self

WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
TEXT_FRAME = 0x81


class ExchangeServer:
    """Takes connections one after another; in each it waits for the subscription, sends
    `messages`, and closes it."""

    def __init__(self, messages: Sequence[str], connections: int = 1) -> None:
        self._messages = messages
        self._connections = connections
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.url = f"ws://127.0.0.1:{self._listener.getsockname()[1]}/v2"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _serve(self) -> None:
        for _ in range(self._connections):
            connection, _ = self._listener.accept()
            with connection:
                connection.sendall(_handshake(_request(connection)))
                connection.recv(4096)
                for message in self._messages:
                    connection.sendall(_frame(message.encode()))


def _request(connection: socket.socket) -> str:
    request = b""
    while b"\r\n\r\n" not in request:
        request += connection.recv(4096)
    return request.decode()


def _handshake(request: str) -> bytes:
    headers = dict(line.split(": ", 1) for line in request.split("\r\n")[1:] if line)
    digest = hashlib.sha1((headers["Sec-WebSocket-Key"] + WEBSOCKET_GUID).encode()).digest()
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {base64.b64encode(digest).decode()}\r\n\r\n"
    ).encode()


def _frame(payload: bytes) -> bytes:
    return struct.pack("!BBH", TEXT_FRAME, 126, len(payload)) + payload
