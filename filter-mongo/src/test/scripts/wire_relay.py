"""What stands between clients and servers for record-wire.py: a relay that writes down, and a bridge that changes messages."""
import select
import socket
import struct
import threading
import time

import wire_client as w


class Connection:
    """What was seen of one connection: (microseconds since the last burst, who, bytes)."""

    def __init__(self):
        self.bursts = []
        self.closed = threading.Event()

    def commands(self):
        """The first keys of what the client sent, and whether it waited for a change of the topology."""
        data = b"".join(burst for _, who, burst in self.bursts if who == "C")
        names, waits = [], False
        while len(data) >= 16:
            length, opcode = struct.unpack("<i8xi", data[:16])
            if length < 21 or length > len(data) or opcode not in (w.MSG, w.QUERY, w.COMPRESSED):
                break
            document = w.body_document(w.plain(data[:length])[0])[0]
            names.append(next(iter(document), ""))
            waits |= "maxAwaitTimeMS" in document
            data = data[length:]
        return names, waits

    def kind(self):
        names, waits = self.commands()
        if waits:
            return "monitor"
        return "app" if set(names) - {"hello", "isMaster", "ismaster"} else "hello"


class Relay:
    """Passes the bytes of connections on and keeps them, each burst with its time."""

    def __init__(self, upstream):
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.upstream, self.connections = upstream, []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listening.accept()
            except OSError:
                return
            connection = Connection()
            self.connections.append(connection)
            server = socket.create_connection(("127.0.0.1", self.upstream))
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._relay, args=(client, server, connection), daemon=True).start()

    @staticmethod
    def _relay(client, server, connection):
        last = time.monotonic()
        try:
            while True:
                ready, _, _ = select.select([client, server], [], [])
                # What the server said was there before what the client says now.
                one = server if server in ready else client
                data = one.recv(1 << 18)
                if not data:
                    return
                now = time.monotonic()
                connection.bursts.append((int((now - last) * 1e6), "S" if one is server else "C", data))
                last = now
                (client if one is server else server).sendall(data)
        except OSError:
            pass
        finally:
            client.close()
            server.close()
            connection.closed.set()

    def close(self):
        for connection in self.connections:
            connection.closed.wait(2)
        self.listening.close()


class Bridge:
    """Passes whole messages on, after plan(client) has seen them: an object with request(message) and answer(message),
    which return the list of messages to send on. Compressed requests reach the server plain."""

    def __init__(self, upstream, plan):
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.upstream, self.plan = upstream, plan
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listening.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.upstream))
            plan = self.plan()
            for source, sink, change in ((client, server, plan.request), (server, client, plan.answer)):
                source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._pass, args=(source, sink, change), daemon=True).start()

    @staticmethod
    def _pass(source, sink, change):
        try:
            while whole := w.receive(source):
                for one in change(whole):
                    sink.sendall(one)
        except OSError:
            pass
        finally:
            for one in (source, sink):
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def close(self):
        self.listening.close()


def opcode(whole):
    return struct.unpack("<i", whole[12:16])[0]


def request_id(whole):
    return struct.unpack("<i", whole[4:8])[0]


def response_to(whole):
    return struct.unpack("<i", whole[8:12])[0]


def is_hello(whole):
    """The answer to a hello: it tells the newest version of the protocol."""
    return opcode(whole) in (w.MSG, w.REPLY) and "maxWireVersion" in w.body_document(whole)[0]


class Plan:
    """Changes nothing, but for the fields of hello's answers and compression."""

    without = ()

    def hello(self, _):
        """Fields of the answer to the request with this id."""
        return {}

    def request(self, whole):
        return [w.plain(whole)[0]]

    def answer(self, whole):
        if not is_hello(whole):
            return self.other(whole)

        def change(document):
            document.update(self.hello(response_to(whole)))
            for name in self.without:
                document.pop(name, None)

        return [w.with_document(whole, change)]

    def other(self, whole):
        return [whole]


def speaks(names, answers=None):
    """A plan: the server says that it can those of these compressors that it is offered; answers in the one of the
    request, or in another one. "-" means plain."""

    class Compressing(Plan):
        def __init__(self):
            self.of, self.offered = {}, {}

        def request(self, whole):
            unwrapped, number = w.plain(whole)
            name = next((name for name, known in w.COMPRESSORS.items() if known == number), "-")
            self.of[request_id(whole)] = name
            if opcode(unwrapped) in (w.MSG, w.QUERY):
                self.offered[request_id(whole)] = w.body_document(unwrapped)[0].get("compression")
            return [unwrapped]

        def hello(self, request):
            both = [name for name in names if name in (self.offered.get(request) or ())]
            return {"compression": both} if both else {}

        def other(self, whole):
            name = answers or self.of.get(response_to(whole), "-")
            return [whole if name == "-" else w.compressed(whole, name)]

    return Compressing


def patched(without=(), **fields):
    """A plan: hello's answer with these fields, and without those."""

    class Patched(Plan):
        def hello(self, _):
            return fields

    Patched.without = without
    return Patched


class NumberedAsMongod(Plan):
    """In an exhaust stream each answer names the one before it."""

    def __init__(self):
        self.next = {}

    def answer(self, whole):
        flags = struct.unpack("<I", whole[16:20])[0]
        asked = response_to(whole)
        whole = whole[:8] + struct.pack("<i", self.next.get(asked, asked)) + whole[12:]
        self.next.pop(asked, None)
        if flags & w.MORE_TO_COME:
            self.next[asked] = request_id(whole)
        return [whole]


class WithChecksum(Plan):
    """Answers carry a checksum."""

    def answer(self, whole):
        flags = struct.unpack("<I", whole[16:20])[0] | w.CHECKSUM
        whole = struct.pack("<i", len(whole) + 4) + whole[4:16] + struct.pack("<I", flags) + whole[20:]
        return [whole + struct.pack("<I", w.crc32c(whole))]


class LastFirst(Plan):
    """Two answers in the other order."""

    def __init__(self):
        self.held = []

    def other(self, whole):
        self.held.append(whole)
        if len(self.held) < 2:
            return []
        held, self.held = self.held[::-1], []
        return held
