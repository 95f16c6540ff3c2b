#!/usr/bin/env python3
"""What the tests of tests/e2e/away.sh reach an API server through, or instead of one; on 127.0.0.1.

    proxy.py tunnel FILE              a proxy by http (CONNECT) and by socks5 that goes where it is told
    proxy.py refuse FILE              one that wants another password
    proxy.py server FILE CERTIFICATE  an HTTPS server that knows nobody; CERTIFICATE holds its key, too

FILE.port gets the port; FILE.calls the head of each request, of socks5 a line "SOCKS5 NAME:PORT".
"""
import os
import socket
import ssl
import sys
import threading

UNAUTHORIZED = b'{"kind":"Status","apiVersion":"v1","status":"Failure","message":"Unauthorized","code":401}'


def note(text):
    with open(sys.argv[2] + ".calls", "ab") as calls:
        calls.write(text)


def read_exactly(client, count):
    data = b""
    while len(data) < count:
        more = client.recv(count - len(data))
        if not more:
            raise ConnectionError("cut off")
        data += more
    return data


def read_head(client, head=b""):
    while b"\r\n\r\n" not in head:
        head += read_exactly(client, 1)
    return head


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    finally:
        try:
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def join(client, server):
    threading.Thread(target=pump, args=(client, server), daemon=True).start()
    pump(server, client)


def connect(client, first):
    head = read_head(client, first)
    note(head)
    if sys.argv[1] == "refuse":
        client.sendall(b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n")
        return
    host, port = head.split()[1].decode().rsplit(":", 1)
    server = socket.create_connection((host, int(port)))
    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    join(client, server)


def socks5(client):  # RFC 1928, without a password
    read_exactly(client, read_exactly(client, 1)[0])
    client.sendall(b"\x05\x00")
    kind = read_exactly(client, 4)[3]
    if kind == 1:
        host = socket.inet_ntoa(read_exactly(client, 4))
    else:
        host = read_exactly(client, read_exactly(client, 1)[0]).decode()
    port = int.from_bytes(read_exactly(client, 2), "big")
    note(f"SOCKS5 {host}:{port}\n".encode())
    server = socket.create_connection((host, port))
    client.sendall(b"\x05\x00\x00\x01" + bytes(6))
    join(client, server)


def serve_proxy(client):
    first = read_exactly(client, 1)
    if first == b"\x05":
        socks5(client)
    else:
        connect(client, first)
    client.close()


def serve_https(client):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3])
    with context.wrap_socket(client, server_side=True) as secure:
        while True:
            note(read_head(secure))
            answer = b"HTTP/1.1 401 No\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
            secure.sendall(answer % (len(UNAUTHORIZED), UNAUTHORIZED))


def guarded(client):
    try:
        (serve_https if sys.argv[1] == "server" else serve_proxy)(client)
    except OSError:
        client.close()


def main():
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    with open(sys.argv[2] + ".new", "w", encoding="ascii") as port:
        port.write(str(listener.getsockname()[1]))
    os.rename(sys.argv[2] + ".new", sys.argv[2] + ".port")
    while True:
        threading.Thread(target=guarded, args=(listener.accept()[0],), daemon=True).start()


main()
