#!/usr/bin/env python3
"""Records conversations with real servers for src/test/resources/wire (see WireScript in the testkit).

    record-wire.py HOST:PORT NAME…          one of the scenarios below; without a name, lists them

Prints the script without expectations: those are written by hand. A scenario is a list of steps: bytes to send (an
inline text is turned into an array of bulk strings; bytes are sent as they are), WAIT for the server's silence, or a
command for a second connection, marked by "other:".
"""
import select
import socket
import sys
import time

WAIT = object()
SLOW = object()


def array(text):
    parts = text.split(" ")
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p.encode()) for p in parts)


def pipeline(*texts):
    return b"".join(array(t) for t in texts)


def script(text, *keys):
    parts = ["EVAL", text, str(len(keys)), *keys]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p.encode()) for p in parts)


SCENARIOS = {
    "pipeline": ("pipelines, misses, errors, nested answers", [
        pipeline("FLUSHALL", "MSET a 1 b 2", "MGET a none b", "HSET h f v g w", "HGETALL h", "GET none", "INCR h",
                 "LRANGE none 0 -1", "EXISTS a b", "SCAN 0", "OBJECT ENCODING a", "ZADD z 1 m", "ZRANK z m", "ZRANK z n",
                 "XADD s 1-1 f v", "XRANGE s - +", "SET a x NX", "ECHO hello", "COMMAND COUNT"), WAIT]),
    "resp3": ("HELLO 3: maps, sets, doubles, booleans, nulls, verbatim texts, big numbers, attributes", [
        pipeline("FLUSHALL", "HELLO 3 SETNAME it"), WAIT,
        pipeline("HSET h f v g w", "HGETALL h", "SADD s a b", "SMEMBERS s", "ZADD z 1.5 m", "ZSCORE z m", "GET none",
                 "DEBUG PROTOCOL true", "DEBUG PROTOCOL bignum", "DEBUG PROTOCOL attrib", "DEBUG PROTOCOL verbatim",
                 "DEBUG PROTOCOL null", "DEBUG PROTOCOL map", "DEBUG PROTOCOL set", "DEBUG PROTOCOL double",
                 "DEBUG PROTOCOL push", "EVAL return{double=3.5} 0"), WAIT, array("RESET"), array("HGETALL h"), WAIT]),
    "multi": ("transactions: an error among the results, SELECT inside, DISCARD, EXECABORT, null EXEC", [
        pipeline("FLUSHALL", "SET s x", "MULTI", "INCR s", "SELECT 3", "SET k v", "LRANGE l 0 -1", "EXEC", "GET k",
                 "SELECT 0"), WAIT,
        pipeline("MULTI", "GET s", "DISCARD", "MULTI", "GET s", "NOSUCH", "GET s", "EXEC", "EXEC"), WAIT,
        array("WATCH s"), WAIT, "other:SET s y", pipeline("MULTI", "GET s", "EXEC"), WAIT,
        pipeline("MULTI", "EXEC", "MULTI", "GET s", "RESET", "PING"), WAIT,
        pipeline("MULTI", "GET s"), WAIT]),
    "multi-quit": ("a transaction that QUIT ends", [pipeline("MULTI", "GET s", "QUIT"), WAIT]),
    "reply-off": ("CLIENT REPLY OFF, ON, SKIP; RESET brings answers back", [
        pipeline("SET k v", "CLIENT REPLY OFF", "GET k", "SELECT 2", "NOSUCH", "CLIENT REPLY SKIP", "CLIENT REPLY ON",
                 "GET k", "SELECT 0", "CLIENT REPLY SKIP", "GET k", "GET k"), WAIT,
        pipeline("CLIENT REPLY SKIP", "CLIENT REPLY SKIP", "PING a", "PING b"), WAIT,
        pipeline("CLIENT REPLY OFF", "PING a", "RESET", "PING b", "CLIENT REPLY FOO"), WAIT,
        pipeline("CLIENT REPLY OFF", "MULTI", "SET k w", "EXEC", "CLIENT REPLY ON", "GET k"), WAIT]),
    "reply-off-subscribe": ("confirmations come in spite of CLIENT REPLY OFF (Redis 7 and later)", [
        pipeline("CLIENT REPLY OFF", "SUBSCRIBE a b", "PING", "UNSUBSCRIBE", "CLIENT REPLY ON", "PING c"), WAIT]),
    "pubsub2": ("RESP2 subscriber: a confirmation per channel, messages between, what is refused, the way out", [
        pipeline("GET none", "SUBSCRIBE a b", "PSUBSCRIBE p*"), WAIT, "other:PUBLISH a hi", "other:PUBLISH px ho", WAIT,
        pipeline("GET x", "PING", "SUBSCRIBE"), WAIT, "other:PUBLISH a again", WAIT,
        pipeline("UNSUBSCRIBE a", "PUNSUBSCRIBE", "UNSUBSCRIBE"), WAIT,
        pipeline("PING", "UNSUBSCRIBE", "PUNSUBSCRIBE", "GET none"), WAIT]),
    "pubsub-shard": ("shard channels beside the others", [
        pipeline("SSUBSCRIBE a b", "SUBSCRIBE c"), WAIT, "other:SPUBLISH a hi", WAIT,
        pipeline("SUNSUBSCRIBE", "UNSUBSCRIBE", "PING"), WAIT]),
    "pubsub3": ("RESP3: pushes confirm, an error answers in place, commands between", [
        array("HELLO 3"), WAIT, pipeline("SUBSCRIBE a b", "GET x", "SUBSCRIBE", "PUBLISH a hi", "PSUBSCRIBE p*"), WAIT,
        "other:PUBLISH a there", WAIT,
        pipeline("UNSUBSCRIBE", "PUNSUBSCRIBE p*", "UNSUBSCRIBE", "PING"), WAIT]),
    "tracking": ("client side caching: invalidations are pushes", [
        pipeline("HELLO 3", "CLIENT TRACKING ON", "SET t 1", "GET t"), WAIT, "other:SET t 2", WAIT,
        "other:FLUSHALL", WAIT, pipeline("PING"), WAIT]),
    "monitor": ("MONITOR: an endless stream; RESET ends it", [
        array("MONITOR"), WAIT, "other:SET k v", "other:GET k", WAIT, pipeline("PING"), WAIT, pipeline("RESET", "GET k"),
        WAIT]),
    "blocking": ("blocking commands wait, what stands behind them is queued", [
        pipeline("FLUSHALL", "BLPOP l 1", "PING"), WAIT, "other:RPUSH l x", WAIT,
        pipeline("BRPOP l 0.05"), WAIT, pipeline("XREAD BLOCK 50 STREAMS s $"), WAIT,
        pipeline("XREAD COUNT 1 STREAMS s 0", "WAIT 0 10", "XGROUP CREATE s g $ MKSTREAM"), WAIT,
        pipeline("XREADGROUP GROUP g BLOCK STREAMS s >", "XREADGROUP GROUP g c BLOCK 20 STREAMS s >"), WAIT]),
    "inline": ("inline commands: quotes, LF alone, blank lines", [
        b"SET \"a key\" 'it\\'s'\r\n\r\n\nGET \"a\\x20key\"\nping\r\n  \r\n*0\r\n*-1\r\nCLIENT SETNAME me\r\n"
        + array("GET none"), WAIT]),
    "auth": ("AUTH, HELLO AUTH, names and libraries; passwords appear nowhere", [
        pipeline("ACL SETUSER alice on >s3cret ~* &* +@all", "AUTH alice wrongs3cret", "AUTH alice s3cret", "GET none",
                 "CLIENT SETNAME worker", "GET none", "CLIENT SETINFO LIB-NAME jedis", "CLIENT SETNAME ",
                 "GET none", "HELLO 3 AUTH alice s3cret SETNAME other", "GET none", "HELLO 9", "RESET", "GET none",
                 "CONFIG SET requirepass s3cret", "CONFIG SET masterauth s3cret", "AUTH s3cret", "GET none",
                 "CONFIG SET requirepass ", "ACL DELUSER alice", "MIGRATE 127.0.0.1 1 k 0 10 AUTH s3cret"),
        b"AUTH s3cret\r\nAUTH default s3cret\r\n", WAIT]),
    "quit": ("QUIT", [pipeline("PING", "QUIT"), WAIT]),
    "scripts": ("EVAL: nested and null elements, an error of the script's own making", [
        [script("return {1, {2, {3, 'x', {}}}, false, {ok='fine'}, 4}"), script("return redis.error_reply('MYERR custom')"),
         script("return redis.call('GET', KEYS[1])", "k"), script("return {err='My lower case'}")], WAIT]),
    "psync": ("a replica: from +FULLRESYNC on it is not commands any more", [
        array("PING"), WAIT, pipeline("REPLCONF listening-port 1", "REPLCONF capa eof capa psync2"), WAIT,
        array("PSYNC ? -1"), SLOW]),
    "sync": ("SYNC answers with the stream itself", [array("SYNC"), SLOW]),
    "protocol-error": ("what came before the error is answered, then the server closes", [
        array("PING") + b"*1\r\n$-5\r\nPING\r\n", WAIT]),
    "http": ("an HTTP client on the port", [b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n", WAIT]),
}


class Recorder:
    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.address = (host, int(port))
        self.client = socket.create_connection(self.address)
        self.second = socket.create_connection(self.address)
        self.last = time.monotonic()

    def version(self):
        self.second.sendall(b"INFO server\r\n")
        time.sleep(0.1)
        info = self.second.recv(65536).decode()
        lines = dict(line.split(":", 1) for line in info.splitlines() if ":" in line)
        valkey = lines.get("valkey_version")
        return "valkey " + valkey if valkey else "redis " + lines["redis_version"]

    def stamp(self):
        now = time.monotonic()
        micros = int((now - self.last) * 1e6)
        self.last = now
        print("+%dus" % micros)

    def drain(self, quiet=0.15):
        while select.select([self.client], [], [], quiet)[0]:
            data = self.client.recv(65536)
            if not data:
                return
            self.stamp()
            print("S: " + escape(data))

    def run(self, steps):
        for step in steps:
            if step is SLOW:
                self.drain(1.5)
            elif step is WAIT:
                self.drain()
            elif isinstance(step, str):
                self.second.sendall(array(step[len("other:"):]))
                time.sleep(0.03)
                self.second.recv(65536)
                self.drain(0.05)
            else:
                data = b"".join(step) if isinstance(step, list) else step
                self.stamp()
                print("C: " + escape(data))
                self.client.sendall(data)


def escape(data):
    special = {13: "\\r", 10: "\\n", 9: "\\t", 92: "\\\\"}
    return "".join(special.get(b) or (chr(b) if 32 <= b < 127 else "\\x%02x" % b) for b in data)


def main(args):
    if len(args) < 2:
        sys.exit(__doc__ + "\nScenarios: " + " ".join(SCENARIOS))
    for name in args[1:]:
        text, steps = SCENARIOS[name]
        recorder = Recorder(args[0])
        print("# " + text)
        print("server: " + recorder.version())
        recorder.last = time.monotonic()
        recorder.run(steps)


if __name__ == "__main__":
    main(sys.argv[1:])
