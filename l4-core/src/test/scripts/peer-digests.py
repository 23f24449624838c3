#!/usr/bin/env python3
"""Writes what a server makes of the statements in resources/sql/corpus.txt: one line per statement, the digest text as
performance_schema has it, empty where the server knows no digest (it does not take the statement at all).

  peer-digests.py mysql   PORT resources/sql/mysql.txt      # MySQL 8 or newer: STATEMENT_DIGEST_TEXT()
  peer-digests.py mariadb PORT resources/sql/mariadb.txt    # MariaDB: every statement is executed!

Needs python3-pymysql, root without a password on 127.0.0.1:PORT, an empty server that may be thrown away, started with
--max-digest-length=65536 (MariaDB: also --performance-schema=ON and --performance-schema-max-digest-length=65536).
"""
import pathlib
import sys

import pymysql

corpus = pathlib.Path(__file__).parent.parent / "resources" / "sql" / "corpus.txt"
kind, port, target = sys.argv[1], int(sys.argv[2]), sys.argv[3]


def connect(database="test"):
    return pymysql.connect(
        host="127.0.0.1", port=port, user="root", database=database, autocommit=True, read_timeout=10, charset="utf8mb4"
    )


def mysql(statement, watcher):
    with watcher.cursor() as cursor:
        cursor.execute("SELECT STATEMENT_DIGEST_TEXT(%s)", (statement,))
        return cursor.fetchone()[0]


def mariadb(statement, watcher):
    runner = connect()
    try:
        with runner.cursor() as cursor:
            cursor.execute(statement)
    except pymysql.MySQLError as e:
        if e.args[0] in (1064, 1065):
            return ""
    with watcher.cursor() as cursor:
        cursor.execute(
            "SELECT digest_text FROM performance_schema.events_statements_history_long"
            " JOIN performance_schema.threads USING (thread_id) WHERE processlist_id = %s"
            " AND event_name LIKE 'statement/sql/%%' ORDER BY event_id DESC LIMIT 1",
            (runner.thread_id(),),
        )
        row = cursor.fetchone()
    runner.close()
    return row[0] if row and row[0] else ""


with connect(None).cursor() as cursor:
    cursor.execute("CREATE DATABASE IF NOT EXISTS test")
    if kind == "mariadb":
        cursor.execute("UPDATE performance_schema.setup_consumers SET enabled = 'YES'")
        cursor.execute("SET GLOBAL max_statement_time = 1")
watcher = connect()
lines = []
for line in corpus.read_text(encoding="utf-8").splitlines():
    statement = line.replace("\\\\", "\0").replace("\\n", "\n").replace("\\t", "\t").replace("\0", "\\")
    try:
        digest = (mysql if kind == "mysql" else mariadb)(statement, watcher)
    except pymysql.MySQLError:
        digest = ""
    lines.append((digest or "").strip().replace("\n", " "))
pathlib.Path(target).write_text("\n".join(lines) + "\n", encoding="utf-8")
print(sum(1 for line in lines if line), "of", len(lines))
