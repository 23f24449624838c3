#!/usr/bin/env python3
"""Connections that come and go, or stay. Run by testbeds/bench in a process of its own.

    connect_load.py cycle PORT N     N connections, 16 at a time: connect, PING, answer, close
    connect_load.py timed PORT S     the same for S seconds
    connect_load.py hold PORT N      N connections, each used once, then idle until killed
"""

import resource
import socket
import sys
import time

BATCH = 16


def connect(port):
    one = socket.create_connection(("127.0.0.1", port), 20)
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return one


def ping(one):
    one.sendall(b"*1\r\n$4\r\nPING\r\n")


def pong(one):
    answer = b""
    while len(answer) < 7:
        more = one.recv(64)
        if not more:
            raise SystemExit("closed without an answer")
        answer += more
    if answer != b"+PONG\r\n":
        raise SystemExit(f"answer {answer!r}")


def batch(port):
    all_of_them = [connect(port) for _ in range(BATCH)]
    for one in all_of_them:
        ping(one)
    for one in all_of_them:
        pong(one)
    for one in all_of_them:
        one.close()


def cycle(port, count):
    start = time.monotonic()
    for _ in range(int(count) // BATCH):
        batch(port)
    print(f"rate {count / (time.monotonic() - start):.1f}")


def timed(port, seconds):
    start, count = time.monotonic(), 0
    while time.monotonic() - start < seconds:
        batch(port)
        count += BATCH
    print(f"rate {count / (time.monotonic() - start):.1f} count {count}")


def hold(port, count):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    held = []
    for _ in range(int(count)):
        one = connect(port)
        ping(one)
        pong(one)
        held.append(one)
    print(f"holding {len(held)}", flush=True)
    while True:
        time.sleep(60)


if __name__ == "__main__":
    {"cycle": cycle, "timed": timed, "hold": hold}[sys.argv[1]](int(sys.argv[2]), float(sys.argv[3]))
