#!/usr/bin/env python3
"""Records conversations of real clients with real servers for src/test/resources/wire (see WireScript in the testkit).

    /usr/bin/python3 record-wire.py FOLDER SERVER… [--only NAME,…]

SERVER is mysql97, mariadb1011 or mariadb114 (testbeds/install-servers.sh; the last one from Maven's local repository); each
is started for this, behind a relay that writes down the first connection. Writes FOLDER/NAME-SERVER.txt, without
expectations: expect-wire.py writes those. Lines of expectations (E: and O:) that a file has are kept.
"""
import os
import select
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../../../testbeds"))
import wire_client as w  # noqa: E402
from harness import mysql, processes  # noqa: E402
from wire_client import Client  # noqa: E402

MOST_TEXT = 20_000
MYSQL, MARIADB = ("mysql97",), ("mariadb1011", "mariadb114")
ALL = MYSQL + MARIADB
MODERN = w.BASE | w.DEPRECATE_EOF | w.SESSION_TRACK | w.MULTI_STATEMENTS
SCENARIOS = {}


class Relay:
    """Passes the bytes of connections on; keeps those of the first one, each burst with its time."""

    def __init__(self, upstream, source="127.0.0.1"):
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.upstream, self.source, self.bursts, self.first = upstream, source, [], True
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listening.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.upstream), source_address=(self.source, 0))
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            bursts, self.first = self.bursts if self.first else [], False
            threading.Thread(target=self._relay, args=(client, server, bursts), daemon=True).start()

    @staticmethod
    def _relay(client, server, bursts):
        last = time.monotonic()
        try:
            while True:
                ready, _, _ = select.select([client, server], [], [])
                # What the server said was there before what the client says now.
                one = server if server in ready else client
                data = one.recv(1 << 16)
                if not data:
                    return
                now = time.monotonic()
                bursts.append((int((now - last) * 1e6), "S" if one is server else "C", data))
                last = now
                (client if one is server else server).sendall(data)
        except OSError:
            pass
        finally:
            client.close()
            server.close()

    def close(self):
        time.sleep(0.1)
        self.listening.close()


def escape(data):
    special = {13: "\\r", 10: "\\n", 9: "\\t", 92: "\\\\"}
    return "".join(special.get(b) or (chr(b) if 32 <= b < 127 else "\\x%02x" % b) for b in data)


def scenario(text, servers=ALL, client="wire_client.py of this folder", source="127.0.0.1"):
    def add(function):
        SCENARIOS[function.__name__.replace("_", "-")] = (text, servers, client, source, function)
        return function

    return add


# ---- logging in


@scenario("caching_sha2_password: full, with the server's RSA key; attributes of the connection", MYSQL)
def login_full(bed):
    bed.server.sql("FLUSH PRIVILEGES")
    client = Client(bed.port)
    attributes = {"_client_name": "wire_client", "program_name": "recorder", "_pid": "1"}
    client.login("app", mysql.PASSWORD, MODERN, attributes=attributes)
    client.query("SELECT CURRENT_USER()")
    client.command(w.QUIT)


@scenario("caching_sha2_password: fast", MYSQL)
def login_fast(bed):
    Client(bed.server.port).login("app", mysql.PASSWORD).close()
    client = Client(bed.port).login("app", mysql.PASSWORD, MODERN)
    client.query("SELECT CURRENT_USER()")
    client.command(w.QUIT)


@scenario("mysql_native_password, as the server's greeting proposes; no database", MARIADB)
def login_native(bed):
    client = Client(bed.port)
    client.login("app", mysql.PASSWORD, MODERN, database=None, attributes={"program_name": "recorder"})
    client.query("SELECT CURRENT_USER()")
    client.command(w.QUIT)


@scenario("the client proposes another plugin: the server asks to switch")
def login_switch(bed):
    Client(bed.server.port).login("app", mysql.PASSWORD).close()
    client = Client(bed.port)
    client.greeting()
    other = "mysql_native_password" if bed.mysql else "caching_sha2_password"
    client.reply("app", mysql.PASSWORD, database="test", plugin=other)
    client.query("SELECT 1")
    client.command(w.QUIT)


@scenario("an empty name of the plugin; an empty password")
def login_no_plugin(bed):
    client = Client(bed.port).login(plugin="")
    client.command(w.PING)
    client.command(w.QUIT)


@scenario("no PLUGIN_AUTH, no lenenc: the reply of an old client; one-byte length of the scramble")
def login_old(bed):
    client = Client(bed.port)
    client.greeting()
    client.password = ""
    body = struct.pack("<IIB", w.PROTOCOL_41 | w.SECURE | w.WITH_DB, 1 << 24, 8) + bytes(23) + b"root\0\0test\0"
    client.raw(w.packet(1, body))
    client.authenticate()
    client.command(w.PING)
    client.query("SELECT 1")
    client.command(w.QUIT)


@scenario("the reply of protocol 3.20, which servers refuse or take")
def login_320(bed):
    client = Client(bed.port)
    client.greeting()
    client.raw(w.packet(1, struct.pack("<H", w.LONG_PASSWORD | w.WITH_DB) + b"\xff\xff\xff" + b"root\0\0test\0"))
    client.command(w.PING)


@scenario("refused: wrong password (1045)")
def login_refused(bed):
    client = Client(bed.port)
    client.greeting()
    client.reply("app", "wrong", MODERN, "test")


@scenario("refused: unknown database (1049)")
def login_unknown_database(bed):
    Client(bed.port).login(database="nowhere")


@scenario("instead of a greeting: too many connections (1040)")
def login_too_many(bed):
    bed.server.sql("SET GLOBAL max_connections = 10")
    held = [Client(bed.server.port).login() for _ in range(10)]
    held.append(Client(bed.server.port).login())
    try:
        Client(bed.port).drain()
    finally:
        for one in held:
            one.command(w.QUIT)
        time.sleep(0.2)
        bed.server.sql("SET GLOBAL max_connections = 151")


@scenario("instead of a greeting: this host may not connect (1130)", source="127.0.0.2")
def login_host(bed):
    users = ["app"] + (["ed"] if bed.kind == "mariadb1011" else [])
    for user in users:
        bed.server.sql(f"RENAME USER {user}@'%' TO {user}@'127.0.0.1'")
    try:
        Client(bed.port).drain()
    finally:
        for user in users:
            bed.server.sql(f"RENAME USER {user}@'127.0.0.1' TO {user}@'%'")


@scenario("SSLRequest, then TLS", MYSQL + ("mariadb114",), client="cli")
def tls(bed):
    bed.cli("SELECT 1", "--ssl-mode=REQUIRED" if bed.mysql else "--ssl")


@scenario("SSLRequest and ClientHello in one segment", MYSQL + ("mariadb114",))
def tls_one_segment(bed):
    client = Client(bed.port)
    client.greeting()
    body = struct.pack("<IIB", w.BASE | w.SSL, 1 << 24, 45) + bytes(23)
    # The head of a TLS 1.2 record with a ClientHello too short to be one: the server answers with an alert or closes.
    client.raw(w.packet(1, body) + b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03")


# ---- statements

TABLE = "CREATE TABLE {0} (id INT PRIMARY KEY, name VARCHAR(40), amount DECIMAL(8,2), note TEXT)"


def statements(bed, caps):
    client = Client(bed.port).login(caps=caps)
    client.query("DROP TABLE IF EXISTS shop")
    client.query(TABLE.format("shop"))
    client.query("INSERT INTO shop VALUES (1, 'one', 1.5, NULL), (2, NULL, NULL, ''), (3, 'three', -3, 'x')")
    client.query("SELECT * FROM shop ORDER BY id")
    client.query("SELECT name FROM shop WHERE id = 99")
    client.query("SELECT id FROM shop WHERE name = 'one'")
    client.query("UPDATE shop SET amount = amount + 1 WHERE id > 1")
    client.query("UPDATE shop SET amount = 2.50 WHERE id = 1")
    client.query("INSERT INTO shop VALUES (1, 'again', 0, NULL)")
    client.query("SELECT nothing FROM shop")
    client.query("SELECT * FROM nowhere")
    client.query("SELEC 1")
    client.query("INSERT IGNORE INTO shop VALUES (1, 'again', 0, NULL), (4, 'four', 123456789, NULL)")
    client.query("SHOW WARNINGS")
    client.query("DO 1")
    client.query("SELECT NULL, '', REPEAT('y', 300)")
    client.query("DELETE FROM shop WHERE id < 3")
    client.query("DROP TABLE shop")
    client.command(w.QUIT)


@scenario("simple statements: rows, NULLs, empty sets, errors, warnings, no index; with EOF packets")
def statements_eof(bed):
    statements(bed, w.BASE)


@scenario("simple statements: rows, NULLs, empty sets, errors, warnings, no index; without EOF packets, with session tracking")
def statements_no_eof(bed):
    statements(bed, MODERN)


def numbers(client, count, name="n"):
    client.query(f"CREATE TEMPORARY TABLE {name} (n INT)")
    client.query(f"INSERT INTO {name} VALUES " + ",".join(f"({i})" for i in range(1, count + 1)))


@scenario("300 rows; a row of 6000 bytes")
def many_rows(bed):
    client = Client(bed.port).login(caps=MODERN)
    numbers(client, 300)
    client.query("SELECT n FROM n")
    client.query("SELECT REPEAT('z', 6000) AS z FROM n LIMIT 1")
    client.command(w.QUIT)


@scenario("252 columns: their count takes three bytes")
def many_columns(bed):
    client = Client(bed.port).login(caps=MODERN)
    client.query("SELECT " + ",".join("1" for _ in range(252)))
    client.command(w.QUIT)


@scenario("several statements in one, an error among them; a procedure with two sets and one without any")
def multi(bed):
    client = Client(bed.port).login(caps=w.BASE | w.MULTI_STATEMENTS)
    for name in ("two", "none"):
        client.query(f"DROP PROCEDURE IF EXISTS {name}")
    client.query("CREATE PROCEDURE two() BEGIN SELECT 1 AS a; SELECT 2 AS b, 3 AS c UNION SELECT 4, 5; END")
    client.query("CREATE PROCEDURE none(OUT x INT) BEGIN SET x = 7; END")
    client.query("SELECT 1; DO 2; SELECT 3, 4; SET @a = 5")
    client.query("SELECT 1; SELECT * FROM nowhere; SELECT 2")
    client.query("CALL two()")
    client.query("CALL none(@x)")
    client.query("SELECT @x; CALL two(); SELECT 9")
    client.query("CALL nothing()")
    client.command(w.SET_OPTION, struct.pack("<H", 1))
    client.query("SELECT 1; SELECT 2")
    client.command(w.SET_OPTION, struct.pack("<H", 0))
    client.query("SELECT 1; SELECT 2")
    client.command(w.SET_OPTION, struct.pack("<H", 9))
    client.command(w.QUIT)


@scenario("the same without EOF packets")
def multi_no_eof(bed):
    client = Client(bed.port).login(caps=MODERN)
    client.query("DROP PROCEDURE IF EXISTS two")
    client.query("CREATE PROCEDURE two() BEGIN SELECT 1 AS a; SELECT 2 AS b, 3 AS c UNION SELECT 4, 5; END")
    client.query("SELECT 1; DO 2; SELECT 3, 4")
    client.query("CALL two()")
    client.command(w.QUIT)


@scenario("LOAD DATA LOCAL: data packets of the client are no commands; an empty file; a table that is not there")
def infile(bed):
    client = Client(bed.port).login(caps=MODERN | w.LOCAL_FILES)
    client.query("CREATE TEMPORARY TABLE load_me (a INT, b VARCHAR(20))")
    client.query("LOAD DATA LOCAL INFILE 'rows.txt' INTO TABLE load_me")
    # The second packet begins as COM_QUIT would.
    client.raw(w.packet(2, b"1\tone\n2\ttwo\n") + w.packet(3, b"\x01\n3\tthree\n") + w.packet(4, b""))
    client.query("SELECT COUNT(*) FROM load_me")
    client.query("LOAD DATA LOCAL INFILE 'empty.txt' INTO TABLE load_me")
    client.raw(w.packet(2, b""))
    client.query("LOAD DATA LOCAL INFILE 'rows.txt' INTO TABLE nowhere")
    client.command(w.PING)
    client.command(w.QUIT)


@scenario("an error after rows: a sub-query with two rows for the fourth one; KILL QUERY in the middle")
def error_after_rows(bed):
    client = Client(bed.port, quiet=0.3).login(caps=w.BASE)
    numbers(client, 6, "a")
    numbers(client, 2, "b")
    client.query("SELECT n, (SELECT b.n FROM b WHERE a.n > 3 OR b.n = 1) AS m FROM a")
    client.query("SELECT n, SLEEP(0.2 * n) FROM a", wait=False)
    time.sleep(0.5)
    for line in bed.server.sql("SHOW PROCESSLIST").splitlines():
        if "SLEEP(0.2" in line and "SHOW PROCESSLIST" not in line:
            bed.server.sql("KILL QUERY " + line.split("\t")[0])
    client.drain()
    client.command(w.PING)
    client.command(w.QUIT)


@scenario("transactions: begin, savepoint, rollback, autocommit off, implicit commit, read only")
def transactions(bed):
    client = Client(bed.port).login(caps=MODERN)
    client.query("DROP TABLE IF EXISTS account")
    client.query("CREATE TABLE account (id INT PRIMARY KEY, amount INT)")
    for text in (
        "START TRANSACTION", "INSERT INTO account VALUES (1, 10)", "SAVEPOINT a", "INSERT INTO account VALUES (2, 20)",
        "ROLLBACK TO SAVEPOINT a", "SELECT COUNT(*) FROM account", "COMMIT", "BEGIN", "DELETE FROM account", "ROLLBACK",
        "SET autocommit = 0", "UPDATE account SET amount = 11", "INSERT INTO account VALUES (1, 0)", "COMMIT",
        "SELECT amount FROM account", "SET autocommit = 1", "START TRANSACTION READ ONLY", "SELECT 1",
        "UPDATE account SET amount = 12", "COMMIT", "BEGIN", "UPDATE account SET amount = 13", "DROP TABLE account",
    ):  # fmt: skip
        client.query(text)
    client.command(w.QUIT)


# ---- prepared statements


def prepared_session(bed, caps):
    client = Client(bed.port).login(caps=caps)
    client.query("DROP TABLE IF EXISTS item")
    client.query("CREATE TABLE item (id INT PRIMARY KEY, name VARCHAR(40), body BLOB)")
    insert = client.prepare("INSERT INTO item VALUES (?, ?, ?)")
    client.execute(insert, [1, "one", None])
    client.execute(insert, [2, None, "two"])
    client.command(w.LONG_DATA, struct.pack("<IH", insert, 2) + b"long ", wait=False)
    client.command(w.LONG_DATA, struct.pack("<IH", insert, 2) + b"data", wait=False)
    client.execute(insert, [3, "three", w.LONG])
    client.command(w.RESET, struct.pack("<I", insert))
    client.execute(insert, [1, "again", None])
    select = client.prepare("SELECT id, name, body FROM item WHERE id >= ? ORDER BY id")
    client.execute(select, [1])
    client.execute(select, [3], always_types=False)
    client.execute(select, [9], always_types=False)
    update = client.prepare("UPDATE item SET name = 'x'")
    client.execute(update)
    client.command(w.PREPARE, "SELECT * FROM nowhere")
    client.execute(99)
    # CLOSE has no answer: the next command stands in the same segment.
    close = w.packet(0, bytes([w.CLOSE]) + struct.pack("<I", select))
    client.raw(close + w.packet(0, bytes([w.QUERY]) + b"SELECT COUNT(*) FROM item"))
    client.execute(select, [1])
    client.command(w.RESET, struct.pack("<I", select))
    client.raw(w.packet(0, bytes([w.CLOSE]) + struct.pack("<I", insert)), wait=False)
    client.query("DROP TABLE item")
    client.command(w.QUIT)


@scenario("prepared statements: types sent once, long data, reset, close, unknown ids, errors; with EOF packets")
def prepared_eof(bed):
    prepared_session(bed, w.BASE)


@scenario("prepared statements: types sent once, long data, reset, close, unknown ids, errors; without EOF packets")
def prepared_no_eof(bed):
    prepared_session(bed, MODERN)


@scenario("a prepared CALL: sets of rows, an OK; a procedure with OUT")
def prepared_call(bed):
    client = Client(bed.port).login(caps=MODERN)
    client.query("DROP PROCEDURE IF EXISTS pair")
    client.query("CREATE PROCEDURE pair(IN a INT, OUT b INT) BEGIN SELECT a; SELECT a + 1 AS n; SET b = a; END")
    call = client.prepare("CALL pair(?, ?)")
    client.execute(call, [5, None])
    client.execute(call, [6, None])
    client.command(w.QUIT)


def cursor_session(bed, caps):
    client = Client(bed.port).login(caps=caps)
    numbers(client, 7)
    select = client.prepare("SELECT n, n * n AS square FROM n WHERE n > ?")
    client.execute(select, [0], flags=1)
    for _ in range(3):
        client.command(w.FETCH, struct.pack("<II", select, 3))
    client.execute(select, [100], flags=1)
    client.command(w.FETCH, struct.pack("<II", select, 3))
    client.execute(select, [5], flags=1)
    client.command(w.FETCH, struct.pack("<II", select, 1))
    client.command(w.RESET, struct.pack("<I", select))
    client.command(w.FETCH, struct.pack("<II", select, 1))
    client.command(w.QUIT)


@scenario("cursors: rows come with COM_STMT_FETCH; a cursor given up; a fetch without one; with EOF packets")
def cursor_eof(bed):
    cursor_session(bed, w.BASE)


@scenario("cursors: rows come with COM_STMT_FETCH; a cursor given up; a fetch without one; without EOF packets")
def cursor_no_eof(bed):
    cursor_session(bed, MODERN)


@scenario("metadata left out where the client asked for it: resultset_metadata = NONE", MYSQL)
def metadata_none(bed):
    client = Client(bed.port).login(caps=MODERN | w.OPTIONAL_METADATA)
    client.query("SELECT 1, 2")
    client.query("SET resultset_metadata = NONE")
    client.query("SELECT 1, 2 UNION SELECT 3, 4")
    select = client.prepare("SELECT ?, 5")
    client.execute(select, [1])
    client.query("SET resultset_metadata = FULL")
    client.execute(select, [2])
    client.command(w.QUIT)


@scenario("metadata left out where the client asked for it, with EOF packets", MYSQL)
def metadata_none_eof(bed):
    client = Client(bed.port).login(caps=w.BASE | w.OPTIONAL_METADATA)
    client.query("SET resultset_metadata = NONE")
    client.query("SELECT 1, 2 UNION SELECT 3, 4")
    select = client.prepare("SELECT ?, 5")
    client.execute(select, [1])
    client.query("SELECT * FROM nowhere")
    client.command(w.QUIT)


@scenario("MariaDB's own capabilities: metadata is sent once for a prepared statement; extended types", MARIADB)
def metadata_cached(bed):
    client = Client(bed.port).login(caps=MODERN | w.M_CACHE_METADATA | w.M_EXTENDED)
    client.query("CREATE TEMPORARY TABLE typed (u UUID, j JSON, i INET6)")
    client.query("INSERT INTO typed VALUES (UUID(), '{}', '::1'), (NULL, '[1]', NULL)")
    client.query("SELECT j, i FROM typed")
    select = client.prepare("SELECT j, i FROM typed")
    client.execute(select)
    client.execute(select)
    client.query("ALTER TABLE typed MODIFY i VARCHAR(60)")
    client.execute(select)
    client.execute(select)
    client.command(w.QUIT)


@scenario("statement id -1 is the one prepared last: PREPARE and EXECUTE in one segment", MARIADB)
def pipeline_prepare(bed):
    client = Client(bed.port).login(caps=MODERN | w.M_CACHE_METADATA | w.M_BULK)

    def both(text, values):
        execute = struct.pack("<IBI", 0xFFFFFFFF, 0, 1) + w.parameters(values)
        client.raw(w.packet(0, bytes([w.PREPARE]) + text.encode()) + w.packet(0, bytes([w.EXECUTE]) + execute))

    both("SELECT ? + 1, 'x'", [41])
    both("SELECT * FROM nowhere WHERE a = ?", [1])
    both("DO ?", [1])
    client.raw(w.packet(0, bytes([w.CLOSE]) + struct.pack("<I", 0xFFFFFFFF)) + w.packet(0, bytes([w.PING])))
    client.command(w.QUIT)


@scenario("commands in one segment; the server answers one after the other")
def pipeline(bed):
    client = Client(bed.port).login(caps=MODERN)
    texts = ["SELECT 1", "DO 1", "SELECT 2, 3 UNION SELECT 4, 5", "SELECT * FROM nowhere", "SET @a = 1", "SELECT @a"]
    client.raw(b"".join(w.packet(0, bytes([w.QUERY]) + text.encode()) for text in texts) + w.packet(0, bytes([w.PING])))
    client.raw(w.packet(0, bytes([w.QUERY]) + b"SELECT SLEEP(0.02)") + w.packet(0, bytes([w.QUERY]) + b"SELECT 7")
               + w.packet(0, bytes([w.QUIT])))  # fmt: skip


def bulk_rows(rows, types):
    data = b"".join(b"".join(b"\x01" if v is None else b"\x00" + (struct.pack("<q", v) if isinstance(v, int)
                    else w.lenenc(v.encode())) for v in row) for row in rows)  # fmt: skip
    return bytes(b for t in types for b in (t, 0)) + data


@scenario("COM_STMT_BULK_EXECUTE: one answer for many rows; a duplicate among them; an answer for each row (11.5 and later)", MARIADB)
def bulk(bed):
    client = Client(bed.port).login(caps=MODERN | w.M_BULK | w.M_UNIT_RESULTS | w.M_CACHE_METADATA)
    client.query("CREATE TEMPORARY TABLE bulk (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(20))")
    insert = client.prepare("INSERT INTO bulk VALUES (?, ?)")
    rows = [(1, "one"), (2, None), (3, "three")]
    types = [w.LONGLONG, w.STRING]
    client.command(w.BULK, struct.pack("<IH", insert, 128) + bulk_rows(rows, types))
    client.command(w.BULK, struct.pack("<IH", insert, 128) + bulk_rows([(4, "four"), (1, "again")], types))
    client.command(w.BULK, struct.pack("<IH", insert, 128 | 64) + bulk_rows([(8, "eight"), (9, "nine")], types))
    returning = client.prepare("INSERT INTO bulk VALUES (?, ?) RETURNING id")
    client.command(w.BULK, struct.pack("<IH", returning, 128) + bulk_rows([(5, "five"), (6, "six")], types))
    client.query("SELECT COUNT(*) FROM bulk")
    client.command(w.QUIT)


@scenario("progress reports: ERR packets with 0xFFFF that are neither errors nor the end", MARIADB)
def progress(bed):
    client = Client(bed.port).login(caps=MODERN | w.M_PROGRESS)
    client.query("SET progress_report_time = 1")
    client.query("CREATE TEMPORARY TABLE slow (n INT, t VARCHAR(200)) ENGINE=Aria")
    client.patience = 60
    for text in (
        "INSERT INTO slow SELECT seq, REPEAT('x', 200) FROM seq_1_to_700000",
        "ALTER TABLE slow ADD COLUMN m INT, ADD INDEX (t, n), ALGORITHM=COPY",
    ):
        client.query(text)
        while w.packets(client.answer)[-1].startswith(b"\xff\xff\xff"):
            client.drain()  # a report: the answer is still to come
    client.query("SELECT COUNT(*) FROM slow WHERE n < 10")
    client.command(w.QUIT)


# ---- attributes, session


@scenario("query attributes: none, some, a NULL, traceparent; with prepared statements", MYSQL)
def query_attributes(bed):
    client = Client(bed.port).login(caps=MODERN | w.QUERY_ATTRIBUTES)
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    def query(text, values=(), names=()):
        client.command(w.QUERY, w.lenenc(len(values)) + w.lenenc(1) + w.parameters(values, names) + text.encode())

    query("SELECT 1")
    query("SELECT 2", [trace], ["traceparent"])
    query("SELECT 3", ["a", None, 7, trace], ["first", "second", "third", "traceparent"])
    query("SELECT * FROM nowhere", [1], ["n"])
    select = client.prepare("SELECT ?, ?")
    values, names = [1, "two", trace], ["", "", "traceparent"]
    head = struct.pack("<IBI", select, 8, 1)
    client.command(w.EXECUTE, head + w.lenenc(3) + w.parameters(values, names))
    client.command(w.EXECUTE, head + w.lenenc(2) + w.parameters(values[:2], names[:2]))
    none = client.prepare("SELECT 4")
    client.command(w.EXECUTE, struct.pack("<IBI", none, 8, 1) + w.lenenc(1) + w.parameters([trace], ["traceparent"]))
    client.command(w.EXECUTE, struct.pack("<IBI", none, 8, 1) + w.lenenc(0))
    client.command(w.QUIT)


@scenario("databases, users and resets: USE, INIT_DB, an unknown one, CHANGE_USER, RESET_CONNECTION, sql_mode; no tracking")
def session(bed):
    Client(bed.server.port).login("app", mysql.PASSWORD).close()
    session_steps(bed, w.BASE)


@scenario("databases, users and resets with session tracking of everything: schema, variables, state, GTID, transactions")
def session_tracking(bed):
    Client(bed.server.port).login("app", mysql.PASSWORD).close()
    session_steps(bed, MODERN)


def session_steps(bed, caps):
    client = Client(bed.port).login(caps=caps, attributes={"program_name": "recorder"})
    if caps & w.SESSION_TRACK:
        client.query("SET SESSION session_track_system_variables = '*'")
        client.query("SET SESSION session_track_state_change = ON")
        client.query("SET SESSION session_track_transaction_info = 'CHARACTERISTICS'")
        if bed.mysql:
            client.query("SET SESSION session_track_gtids = OWN_GTID")
    for name in ("spare", "spare2"):
        client.query(f"CREATE DATABASE IF NOT EXISTS {name}")
    client.query("USE spare")
    client.query("SELECT DATABASE()")
    client.command(w.INIT_DB, "spare2")
    client.query("SELECT DATABASE()")
    client.command(w.INIT_DB, "nowhere")
    client.query("USE nowhere")
    client.query("SET NAMES latin1")
    client.query("SET sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES'")
    client.query("SELECT 'a\\'")
    client.query("BEGIN")
    client.query("CREATE TABLE IF NOT EXISTS spare2.kept (n INT)")
    client.query("INSERT INTO spare2.kept VALUES (1)")
    select = client.prepare("SELECT n FROM kept")
    client.command(w.RESET_CONNECTION)
    client.execute(select)
    client.query("SELECT DATABASE()")
    auth = w.scramble(client.plugin, mysql.PASSWORD, client.salt)
    change = b"app\0" + bytes([len(auth)]) + auth + b"test\0" + struct.pack("<H", 45) + client.plugin.encode() + b"\0"
    client.password = mysql.PASSWORD
    client.command(w.CHANGE_USER, change + w.lenenc(w.lenenc(b"program_name") + w.lenenc(b"changed")))
    client.authenticate()
    client.query("SELECT CURRENT_USER(), DATABASE()")
    client.query("DROP DATABASE spare")
    client.query("DROP DATABASE spare2")
    client.password = "wrong"
    client.command(w.CHANGE_USER, b"app\0\0test\0" + struct.pack("<H", 45) + client.plugin.encode() + b"\0\0")
    client.authenticate()
    client.query("SELECT 1")


def edge_session(bed, caps):
    client = Client(bed.port).login(caps=caps | w.MULTI_STATEMENTS | w.LOCAL_FILES, attributes={"program_name": "recorder"})

    def execute(text):
        client.execute(client.prepare(text))

    client.query("CREATE DATABASE IF NOT EXISTS `an edge`")
    client.query("DROP TABLE IF EXISTS edge")
    client.query("CREATE TABLE edge (id INT PRIMARY KEY, n INT) ENGINE=InnoDB")
    # MySQL has a warning while it still parses: with EOF packets, both of a set of rows count it.
    client.query("SELECT BINARY 'a'")
    client.query("SELECT BINARY 'a'; SELECT 'a' + 1; DO 1 + 'b'")
    client.execute(client.prepare("SELECT BINARY ?, ?"), [1, 2])
    for text in (
        "", "/* nothing */", "SET long_query_time = 0", "SELECT 1", "SET long_query_time = 10",
        "SELECT 1 /*action='a',traceparent='00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'*/",
        "BEGIN", "INSERT INTO edge VALUES (1, 1)", "BEGIN", "/* c */ INSERT INTO edge VALUES (2, 1)", "COMMIT AND CHAIN",
        "SAVEPOINT s", "INSERT INTO edge VALUES (3, 1)", "ROLLBACK WORK TO SAVEPOINT s", "INSERT INTO edge VALUES (1, 1)",
        "-- why\nROLLBACK", "START TRANSACTION; INSERT INTO edge VALUES (4, 1); COMMIT", "BEGIN", "SELECT 1; SELECT * FROM nowhere",
        "SET @a = 1", "commit /* done */",
    ):  # fmt: skip
        client.query(text)
    client.query("START TRANSACTION")
    execute("INSERT INTO edge VALUES (5, 1)")
    execute("COMMIT")
    client.query("BEGIN")
    client.query("DELETE FROM edge WHERE id = 5")
    client.command(w.RESET_CONNECTION)
    client.query("COMMIT")
    client.query("LOAD DATA LOCAL INFILE 'rows.txt' INTO TABLE edge; SELECT COUNT(*) FROM edge")
    client.raw(w.packet(2, b"7\t7\n") + w.packet(3, b""))
    client.query("DROP PROCEDURE IF EXISTS failing")
    client.query("CREATE PROCEDURE failing() BEGIN SELECT 1; SELECT * FROM nowhere; END")
    client.query("CALL failing()")
    client.execute(client.prepare("CALL failing()"), flags=1)
    client.command(w.LONG_DATA, struct.pack("<IH", 4711, 0) + b"to nobody", wait=False)
    for text in ("/* c */ USE mysql;", "uSe\n`test`", "SELECT 1; USE mysql", "USE test; SELECT * FROM nowhere", "DROP TABLE edge",
                 "CREATE DATABASE gone", "USE gone", "DROP DATABASE gone", "SELECT DATABASE()"):  # fmt: skip
        client.query(text)
    client.command(w.INIT_DB, "an edge")
    client.query("DROP DATABASE `an edge`; CREATE DATABASE back; USE back; DROP DATABASE back; SELECT DATABASE()")
    client.command(w.QUIT)


@scenario("warnings, slow statements, transactions, resets, schemas: what is easily counted twice or missed; with EOF packets")
def edges_eof(bed):
    edge_session(bed, w.BASE)


@scenario("warnings, slow statements, transactions, resets, schemas: what is easily counted twice or missed; no EOF packets")
def edges_no_eof(bed):
    edge_session(bed, MODERN)


@scenario("a transaction that CHANGE_USER ends, XA, LOCK TABLES, autocommit; two files in one query; cursors that are none; idle too long")
def ends(bed):
    client = Client(bed.port).login(caps=w.BASE | w.MULTI_STATEMENTS | w.LOCAL_FILES, attributes={"program_name": "first"})
    client.query("CREATE TABLE IF NOT EXISTS ends (n INT) ENGINE=InnoDB")
    client.query("BEGIN")
    client.query("INSERT INTO ends VALUES (1)")
    change = b"root\0\0\0" + struct.pack("<H", 45) + client.plugin.encode() + b"\0"
    client.password = ""
    client.command(w.CHANGE_USER, change + w.lenenc(w.lenenc(b"program_name") + w.lenenc(b"second")))
    client.authenticate()
    for text in ("COMMIT", "SELECT DATABASE()"):
        client.query(text)
    client.command(w.INIT_DB, "test")
    compound = () if bed.mysql else ("BEGIN", "BEGIN NOT ATOMIC SELECT 1; SELECT 2; END", "COMMIT")
    for text in compound + (
        "BEGIN", "INSERT INTO ends VALUES (2)", "LOCK TABLES ends WRITE", "UNLOCK TABLES", "XA START 'x'",
        "INSERT INTO ends VALUES (3)", "XA END 'x'", "XA PREPARE 'x'", "XA COMMIT 'x'", "SET autocommit = 0", "SELECT * FROM nowhere",
        "INSERT INTO ends VALUES (4)", "SET autocommit = 1", "BEGIN", "START TRANSACTION READ ONLY", "COMMIT AND NO CHAIN",
    ):  # fmt: skip
        client.query(text)
    client.query("LOAD DATA LOCAL INFILE 'a' INTO TABLE ends; LOAD DATA LOCAL INFILE 'b' INTO TABLE ends; SELECT 1")
    client.raw(w.packet(2, b"7\n8\n") + w.packet(3, b""))
    sequence = client.answer[3] + 2  # an OK, then the name of the second file
    client.raw(w.packet(sequence, b"9\n") + w.packet(sequence + 1, b""))
    for text in ("SHOW STATUS LIKE 'Uptime'", "INSERT INTO ends VALUES (5)", "SELECT (SELECT n FROM ends)"):
        statement = client.prepare(text)
        client.execute(statement, flags=1)
        client.command(w.FETCH, struct.pack("<II", statement, 5))
    client.command(w.FETCH, struct.pack("<II", 4711, 5))
    client.query("DROP TABLE ends")
    client.query("SET wait_timeout = 1")
    time.sleep(2)
    client.drain()
    client.query("SELECT 1")


@scenario("query attributes of many types; types sent once, then used again", MYSQL)
def query_attribute_types(bed):
    client = Client(bed.port).login(caps=MODERN | w.QUERY_ATTRIBUTES)
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    kinds = [(1, b"\7"), (2, b"\7\0"), (3, b"\7\0\0\0"), (8, bytes(8)), (0x8008, bytes(8)), (4, bytes(4)), (5, bytes(8)), (6, None),
             (12, b"\7\xea\7\1\2\3\4\5"), (12, b"\0"), (11, b"\x0c\0\1\0\0\0\2\3\4\5\0\0\0"), (10, b"\4\xea\7\1\2"), (246, b"\0041.50"),
             (252, b"\xfc\x2c\1" + b"b" * 300), (254, None), (253, w.lenenc(trace.encode()))]  # fmt: skip

    def attributes(names):
        nulls = bytearray((len(kinds) + 7) // 8)
        for i, (_, value) in enumerate(kinds):
            if value is None:
                nulls[i // 8] |= 1 << i % 8
        head = b"".join(struct.pack("<H", kind) + w.lenenc(name.encode()) for (kind, _), name in zip(kinds, names))
        return bytes(nulls) + b"\1" + head + b"".join(value or b"" for _, value in kinds)

    names = [f"attribute{i}" for i in range(len(kinds) - 1)] + ["traceparent"]
    client.command(w.QUERY, w.lenenc(len(kinds)) + w.lenenc(1) + attributes(names) + b"SELECT 1")
    select = client.prepare("SELECT ?")
    names[0] = ""
    head = struct.pack("<IBI", select, 8, 1) + w.lenenc(len(kinds))
    client.command(w.EXECUTE, head + attributes(names))
    client.command(w.EXECUTE, struct.pack("<IBI", select, 8, 1) + w.lenenc(1) + b"\0\1\x08\0\0" + bytes(8))
    client.command(w.EXECUTE, struct.pack("<IBI", select, 8, 1) + w.lenenc(1) + b"\0\0" + bytes(8))
    client.command(w.QUIT)


@scenario("FIELD_LIST, STATISTICS, PROCESS_INFO, PING, DEBUG, KILL, a command that does not exist")
def commands(bed):
    client = Client(bed.port).login()
    client.query("CREATE TEMPORARY TABLE fields (a INT, b VARCHAR(10))")
    client.command(w.FIELD_LIST, b"fields\0")
    client.command(w.FIELD_LIST, b"nowhere\0%")
    client.command(w.STATISTICS)
    client.command(w.PROCESS_INFO)
    client.command(w.PING)
    client.command(w.DEBUG)
    client.command(w.KILL, struct.pack("<I", 0x7FFFFFF0))
    client.command(0x55, b"what")
    client.command(0, b"")
    client.command(w.QUIT)


@scenario("FIELD_LIST and PROCESS_INFO without EOF packets; a sequence id that is not 0")
def commands_no_eof(bed):
    client = Client(bed.port).login(caps=MODERN)
    client.query("CREATE TEMPORARY TABLE fields (a INT, b VARCHAR(10))")
    client.command(w.FIELD_LIST, b"fields\0")
    client.command(w.PROCESS_INFO)
    client.raw(w.packet(3, bytes([w.PING])))
    client.command(w.QUIT)


@scenario("the connection is killed while it sleeps")
def killed(bed):
    client = Client(bed.port, quiet=0.3).login()
    client.query("SELECT SLEEP(5)", wait=False)
    time.sleep(0.2)
    for line in bed.server.sql("SHOW PROCESSLIST").splitlines():
        if "SELECT SLEEP(5)" in line:
            bed.server.sql("KILL " + line.split("\t")[0])
    client.drain()


# ---- other clients

CLI_SCRIPT = """SELECT 1 AS one, NULL AS nothing, 'text' AS t; CREATE TEMPORARY TABLE c (a INT, b VARCHAR(20));
INSERT INTO c VALUES (1, 'x'), (2, 'y'), (3, NULL); UPDATE c SET b = 'z' WHERE a > 1; SELECT * FROM c; USE mysql; SELECT DATABASE();"""


@scenario("the command line client", client="cli")
def cli(bed):
    bed.cli(CLI_SCRIPT)


@scenario("the command line client: an error ends it", client="cli")
def cli_error(bed):
    bed.cli("SELECT 1; SELECT * FROM nowhere; SELECT 2", check=False)


def compressible(bed, *options):
    bed.cli("SELECT 1; SELECT REPEAT('abc', 9000) AS r; CREATE TEMPORARY TABLE c (a INT, b VARCHAR(100)); INSERT INTO c VALUES "
            + ",".join(f"({i}, 'row number {i}')" for i in range(100)) + "; SELECT * FROM c; SELECT * FROM nowhere",
            *options, check=False)  # fmt: skip


@scenario("compressed with zlib", client="cli")
def compress_zlib(bed):
    compressible(bed, "--compression-algorithms=zlib" if bed.mysql else "--compress")


@scenario("compressed with zstd, level 5", MYSQL, client="cli")
def compress_zstd(bed):
    compressible(bed, "--compression-algorithms=zstd", "--zstd-compression-level=5")


@scenario("ed25519", ("mariadb1011",), client="cli")
def login_ed25519(bed):
    bed.cli("SELECT CURRENT_USER()", "-u", "ed", f"-p{mysql.PASSWORD}")


@scenario("PyMySQL: EOF packets, an unbuffered cursor, executemany, LOAD DATA LOCAL, errors", client="pymysql")
def pymysql(bed):
    import pymysql as module

    connection = module.connect(
        host="127.0.0.1", port=bed.port, user="app", password=mysql.PASSWORD, database="test", local_infile=True,
        program_name="recorder", client_flag=module.constants.CLIENT.MULTI_STATEMENTS)  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE p (a INT, b VARCHAR(20))")
        cursor.executemany("INSERT INTO p VALUES (%s, %s)", [(i, f"n{i}") for i in range(5)])
        cursor.execute("SELECT * FROM p WHERE a > %s", (1,))
        cursor.fetchall()
        cursor.execute("SELECT 1; SELECT 2")
        while cursor.nextset():
            pass
        try:
            cursor.execute("SELECT * FROM nowhere")
        except module.err.ProgrammingError:
            pass
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as rows:
            rows.write("7\tseven\n8\teight\n")
            rows.flush()
            cursor.execute(f"LOAD DATA LOCAL INFILE '{rows.name}' INTO TABLE p")
    connection.commit()
    with connection.cursor(module.cursors.SSCursor) as cursor:
        cursor.execute("SELECT * FROM p")
        for _ in cursor:
            pass
    connection.select_db("mysql")
    connection.ping()
    connection.close()


@scenario("mysqlbinlog --read-from-remote-server: from BINLOG_DUMP on it is not answers any more", MYSQL, client="mysqlbinlog")
def binlog(bed):
    bed.server.sql("RESET BINARY LOGS AND GTIDS; CREATE DATABASE IF NOT EXISTS logged; DROP DATABASE logged")
    name = bed.server.sql("SHOW BINARY LOGS").split()[0]
    command = mysql.client_command(bed.kind, "mysqlbinlog") + ["--read-from-remote-server", "-h", "127.0.0.1", f"-P{bed.port}"]
    done = subprocess.run(command + ["-uroot", "--ssl-mode=DISABLED", name], capture_output=True, text=True, timeout=60, check=False)
    assert "logged" in done.stdout, done.stderr


@scenario("a replica: it registers, with a password that is none of ours, and asks for the binary log", ALL)
def replica(bed):
    mariadb = not bed.mysql
    bed.server.sql("RESET MASTER" if mariadb else "RESET BINARY LOGS AND GTIDS")
    client = Client(bed.port).login(caps=MODERN)
    client.query("SET @master_binlog_checksum = 'NONE', @source_binlog_checksum = 'NONE'")
    names = b"".join(bytes([len(text)]) + text for text in (b"replica.example", b"repl", b"geheim"))
    answer = client.command(w.REGISTER_SLAVE, struct.pack("<I", 77) + names + struct.pack("<HII", 3306, 0, 0))
    assert w.packets(answer)[0][0] == 0, answer
    name = bed.server.sql("SHOW BINARY LOGS").split()[0].encode()
    client.command(0x12, struct.pack("<IHI", 4, 1, 77) + name)
    client.close()


def java(name, text, servers, client, options=""):
    def run(bed):
        jars = ":".join(sorted(find_jars()))
        kind = "mariadb" if client.startswith("MariaDB") else "mysql"
        common = "user=app&password=" + mysql.PASSWORD
        common += "&sslMode=disable" if kind == "mariadb" else "&sslMode=DISABLED&allowPublicKeyRetrieval=true"
        url = f"jdbc:{kind}://127.0.0.1:{bed.port}/test?{common}" + ("&" + options if options else "")
        done = subprocess.run(["java", "-cp", jars, os.path.join(HERE, "RecordClient.java"), url, name],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)  # fmt: skip
        assert done.returncode == 0, done.stderr

    SCENARIOS[name] = (text, servers, client + (", " + options if options else ""), "127.0.0.1", run)


CONNECTOR, MARIADB_CONNECTOR = "Connector/J 9.7.0", "MariaDB Connector/J 3.5.11"
java("connectorj", "texts only, multi-results, a transaction, an error", ALL, CONNECTOR, "allowMultiQueries=true")
java("connectorj-prepared", "prepared at the server", ALL, CONNECTOR, "useServerPrepStmts=true&cachePrepStmts=true")
java("connectorj-cursor", "cursors", ALL, CONNECTOR, "useServerPrepStmts=true&useCursorFetch=true&defaultFetchSize=3")
java("connectorj-batch", "batches rewritten", ALL, CONNECTOR, "rewriteBatchedStatements=true")
java("connectorj-attributes", "query attributes of an application", MYSQL, CONNECTOR)
java("connectorj-zlib", "compressed", ALL, CONNECTOR, "useCompression=true")
java("mariadbj", "its defaults: metadata is left out, batches are pipelined", ALL, MARIADB_CONNECTOR, "useServerPrepStmts=true")
java("mariadbj-bulk", "bulk statements", MARIADB, MARIADB_CONNECTOR, "useServerPrepStmts=true&useBulkStmts=true")


def find_jars():
    import glob

    for path in ("com/mysql/mysql-connector-j/9.7.0", "org/mariadb/jdbc/mariadb-java-client/3.5.11"):
        yield from glob.glob(os.path.expanduser(f"~/.m2/repository/{path}/*.jar"))


class Bed:
    def __init__(self, server, source):
        self.server, self.kind, self.mysql = server, server.kind, not server.mariadb
        self.relay = Relay(server.port, source)
        self.port = self.relay.port

    def cli(self, text, *options, check=True):
        command = mysql.client_command(self.kind) + ["-h127.0.0.1", f"-P{self.port}", "--protocol=TCP"]
        users = [] if "-u" in options else ["-uroot"]
        ssl = [] if any("ssl" in o for o in options) else ["--ssl-mode=DISABLED" if self.mysql else "--skip-ssl"]
        done = subprocess.run(command + users + ssl + list(options) + ["-e", text, "test"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
        assert not check or done.returncode == 0, done.stderr


def client_text(kind, client):
    if client in ("cli", "mysqlbinlog"):
        program = "mysql" if client == "cli" else client
        return mysql.client_version(kind, program).split("/")[-1]
    if client == "pymysql":
        import pymysql as module

        return "PyMySQL " + module.__version__
    return client


def record(server, name, folder):
    text, _, client, source, function = SCENARIOS[name]
    bed = Bed(server, source)
    function(bed)
    bed.relay.close()
    path = os.path.join(folder, f"{name}-{server.kind}.txt")
    kept = []
    if os.path.exists(path):
        with open(path, encoding="utf-8") as old:
            kept = [line.rstrip("\n") for line in old if line.startswith(("E: ", "O: "))]
    lines = ["# " + text, "# client: " + client_text(server.kind, client), "server: " + server.version]
    for micros, who, data in bed.relay.bursts:
        lines += [f"+{micros}us", f"{who}: {escape(data)}"]
    out = "\n".join(lines + kept) + "\n"
    with open(path, "w", encoding="utf-8") as file:
        file.write(out)
    note = "" if len(out) <= MOST_TEXT else f"  LONGER THAN {MOST_TEXT}"
    print(f"{name}-{server.kind}: {len(bed.relay.bursts)} bursts, {len(out)} characters{note}", flush=True)


def main(args):
    only = args[args.index("--only") + 1].split(",") if "--only" in args else list(SCENARIOS)
    if "--only" in args:
        del args[args.index("--only") :]
    if len(args) < 2 or not set(only) <= set(SCENARIOS) or not set(args[1:]) <= set(ALL):
        sys.exit(__doc__ + "\nScenarios: " + " ".join(SCENARIOS))
    os.makedirs(args[0], exist_ok=True)
    failed = 0
    with tempfile.TemporaryDirectory(prefix="weir-wire-") as folder:
        for kind in args[1:]:
            server = mysql.Server(kind, folder, options=["--log-bin=bin", "--server-id=1"])
            for name in only:
                if kind in SCENARIOS[name][1]:
                    try:
                        record(server, name, args[0])
                    except (AssertionError, OSError, subprocess.SubprocessError, struct.error) as error:
                        failed += 1
                        print(f"{name}-{kind}: FAILED: {type(error).__name__}: {error}"[:600], flush=True)
            server.stop()
    processes.stop_all()
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
