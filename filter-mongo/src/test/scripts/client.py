#!/usr/bin/env python3
"""Does with PyMongo what a program does with a database, and prints what PyMongo's monitoring tells of it.

    client.py URI SESSION...

The sessions are those of MongoSessions.java, by the same names, `exhaust`, which the Java driver does not have, and
`streams`, which waits for heartbeats that come by themselves. A line of standard output is a document in canonical
extended JSON: of a command {kind: "command", requestId, name, database, command, reply, failed}, of a heartbeat
{kind: "heartbeat", awaited, failed}. Ends with 1 where something does not work, or an error that is expected does not
come.
"""
import random
import sys
import threading
import time

from bson import json_util
from bson.int64 import Int64
from pymongo import (
    ASCENDING,
    DeleteMany,
    DeleteOne,
    InsertOne,
    MongoClient,
    ReadPreference,
    UpdateOne,
    WriteConcern,
    monitoring,
)
from pymongo.cursor import CursorType
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
PATIENCE_SECONDS = 60

lock = threading.Lock()


def tell(document):
    line = json_util.dumps(document, json_options=json_util.CANONICAL_JSON_OPTIONS)
    with lock:
        print(line, flush=True)


class Commands(monitoring.CommandListener):
    """Tells of each command once, when it has ended."""

    def __init__(self):
        self.open = {}

    def started(self, event):
        self.open[threading.get_ident()] = event

    def succeeded(self, event):
        self.ended(event, event.reply, False)

    def failed(self, event):
        self.ended(event, event.failure, True)

    def ended(self, event, reply, failed):
        started = self.open.pop(threading.get_ident())
        assert started.request_id == event.request_id, (started, event)
        tell(
            {
                "kind": "command",
                "requestId": started.request_id,
                "name": started.command_name,
                "database": started.database_name,
                "command": started.command,
                "reply": reply,
                "failed": failed,
            }
        )


class Heartbeats(monitoring.ServerHeartbeatListener):
    def __init__(self):
        self.streamed = threading.Semaphore(0)

    def started(self, event):
        pass

    def succeeded(self, event):
        tell({"kind": "heartbeat", "awaited": event.awaited, "failed": False})
        if event.awaited:
            self.streamed.release()

    def failed(self, event):
        tell({"kind": "heartbeat", "awaited": event.awaited, "failed": True})


def documents(first, end):
    return [
        {
            "_id": i,
            "status": "open" if i % 3 == 0 else "done",
            "total": i * 10,
            "customer": {"name": f"name {i}", "vip": i % 7 == 0},
        }
        for i in range(first, end)
    ]


def expected(failing):
    try:
        failing()
    except PyMongoError:
        return
    raise AssertionError("no error where one was expected")


def crud(client):
    orders = client.shop.orders
    orders.insert_one({"_id": "one", "status": "open"})
    orders.insert_many(documents(0, 50))
    list(orders.find({"status": "open", "total": {"$gt": 100}}).sort("total", -1))
    orders.find_one({"_id": 7})
    list(orders.find({"_id": {"$in": [1, 2, 3]}}, {"status": 1}))
    orders.update_one({"_id": 1}, {"$set": {"status": "paid"}})
    orders.update_many({"status": "open"}, {"$inc": {"total": 1}})
    orders.update_one({"_id": "nobody"}, {"$set": {"status": "paid"}})
    orders.update_one({"_id": "new"}, {"$set": {"status": "paid"}}, upsert=True)
    orders.replace_one({"_id": "newer"}, {"total": 1}, upsert=True)
    orders.find_one_and_update({"_id": 2}, {"$set": {"status": "paid"}})
    orders.find_one_and_replace({"_id": 3}, {"status": "void"})
    orders.find_one_and_delete({"_id": 4})
    orders.find_one_and_delete({"_id": "nobody"})
    orders.count_documents({"status": "open"})
    orders.estimated_document_count()
    orders.distinct("status")
    orders.delete_one({"_id": 5})
    orders.delete_many({"total": {"$lt": 200}})
    orders.drop()


def cursors(client):
    orders = client.shop.orders
    orders.insert_many(documents(0, 100))
    list(orders.find().batch_size(30))
    list(orders.find().batch_size(30).limit(50))
    list(orders.find({"status": "done"}).batch_size(10))
    list(orders.aggregate([{"$match": {"total": {"$gte": 0}}}], batchSize=40))
    first = orders.find().batch_size(40)
    second = orders.find({"_id": {"$gt": 10}}).batch_size(20)
    for _ in range(60):
        next(first)
        next(second)
    list(first)
    second.close()
    orders.drop()


def exhaust(client):
    orders = client.shop.orders
    orders.insert_many(documents(0, 100))
    list(orders.find(cursor_type=CursorType.EXHAUST).batch_size(15))
    list(orders.find({"status": "open"}, cursor_type=CursorType.EXHAUST).batch_size(50))
    orders.find_one({"_id": 1})
    orders.drop()


def catalog(client):
    shop = client.shop
    shop.orders.insert_many(documents(0, 5))
    shop.orders.create_index("status")
    shop.orders.create_index([("total", ASCENDING), ("status", ASCENDING)], name="both")
    list(shop.orders.list_indexes())
    shop.orders.drop_index("both")
    shop.list_collection_names()
    client.list_database_names()
    shop.command("ping")
    shop.command("collStats", "orders")
    shop.command("dbStats")
    client.server_info()
    client.admin.command("serverStatus")
    shop.orders.drop()
    client.drop_database("shop")


def duplicates(client):
    orders = client.shop.orders
    orders.insert_many(documents(0, 3))
    expected(lambda: orders.insert_one({"_id": 1}))
    expected(lambda: orders.insert_many([{"_id": 10}, {"_id": 1}, {"_id": 11}]))
    expected(lambda: orders.insert_many([{"_id": 20}, {"_id": 1}, {"_id": 2}, {"_id": 21}], ordered=False))
    writes = [
        InsertOne({"_id": 30}),
        InsertOne({"_id": 30}),
        UpdateOne({"_id": 30}, {"$set": {"a": 1}}),
        UpdateOne({"_id": 31}, {"$set": {"a": 1}}, upsert=True),
        DeleteOne({"_id": 30}),
    ]
    expected(lambda: orders.bulk_write(writes))
    expected(lambda: orders.bulk_write(writes, ordered=False))
    orders.drop()


def aggregates(client):
    shop = client.shop
    shop.orders.insert_many(documents(0, 30))
    shop.customers.insert_many([{"_id": "name 1"}, {"_id": "name 2"}])
    lookup = {"from": "customers", "localField": "customer.name", "foreignField": "_id", "as": "who"}
    list(shop.orders.aggregate([{"$lookup": lookup}, {"$match": {"who": {"$size": 1}}}]))
    group = {"_id": "$status", "n": {"$sum": 1}, "most": {"$max": "$total"}}
    list(shop.orders.aggregate([{"$group": group}, {"$sort": {"_id": 1}}]))
    list(shop.orders.aggregate([{"$match": {"status": "open"}}, {"$out": "open"}]))
    shop.open.drop()
    shop.customers.drop()
    shop.orders.drop()


def comments(client):
    orders = client.shop.orders
    orders.insert_many(documents(0, 20))
    list(orders.find({"_id": 1}).comment(TRACEPARENT))
    listed = '{"callingFunction": "Shop.list", "traceparent": "' + TRACEPARENT + '"}'
    list(orders.find({"_id": {"$gt": 1}}).batch_size(5).comment(listed))
    list(orders.find({"_id": 2}).comment({"traceparent": TRACEPARENT}))
    orders.update_one({"_id": 3}, {"$set": {"a": 1}}, comment="nightly: 1")
    orders.drop()


def errors(client):
    shop = client.shop
    orders = shop.orders
    orders.insert_many(documents(0, 3))
    expected(lambda: shop.command("noSuchCommand"))
    expected(lambda: orders.find_one({"a": {"$noSuchOperator": 1}}))
    expected(lambda: orders.update_one({"_id": 1}, {"$noSuchOperator": {"a": 1}}))
    expected(lambda: list(orders.aggregate([{"$noSuchStage": 1}])))
    expected(lambda: shop.command({"getMore": Int64(77), "collection": "orders"}))
    orders.drop()


def options(client):
    orders = client.shop.orders
    orders.with_options(write_concern=WriteConcern("majority")).insert_many(documents(0, 10))
    orders.with_options(write_concern=WriteConcern(1, j=True)).insert_one({"_id": "j"})
    preferred = orders.with_options(
        read_preference=ReadPreference.PRIMARY_PREFERRED, read_concern=ReadConcern("local")
    )
    list(preferred.find({"_id": 1}).max_time_ms(10_000))
    nearest = orders.with_options(read_preference=ReadPreference.NEAREST, read_concern=ReadConcern("majority"))
    list(nearest.find({"_id": {"$gt": 1}}).hint([("_id", ASCENDING)]).skip(1).limit(3))
    orders.count_documents({"_id": {"$gt": 1}})
    orders.drop()


def explains(client):
    orders = client.shop.orders
    orders.insert_many(documents(0, 3))
    orders.find({"status": "open"}).explain()
    client.shop.command(
        "explain", {"aggregate": "orders", "pipeline": [{"$match": {"status": "open"}}], "cursor": {}}
    )
    orders.drop()


def unacknowledged(client):
    orders = client.shop.orders
    careless = orders.with_options(write_concern=WriteConcern(0))
    orders.insert_one({"_id": "seen"})
    careless.insert_one({"_id": 1})
    careless.insert_many(documents(10, 20))
    careless.update_one({"_id": 1}, {"$set": {"a": 1}})
    orders.find_one({"_id": "seen"})
    careless.delete_many({"_id": {"$gt": 0}})
    orders.find_one({"_id": "seen"})
    orders.drop()


def text(length):
    """Compresses as texts do."""
    return random.randbytes(length // 2).hex()


def large(client):
    orders = client.shop.orders
    orders.insert_many([{"_id": i, "text": text(4_000)} for i in range(400)])
    list(orders.find())
    list(orders.find().batch_size(150))
    orders.insert_one({"_id": "huge", "text": text(5_000_000)})
    orders.find_one({"_id": "huge"})
    orders.drop()


def tailable(client):
    log = client.shop.create_collection("log", capped=True, size=100_000)
    log.insert_many(documents(0, 10))
    cursor = log.find(cursor_type=CursorType.TAILABLE_AWAIT).batch_size(5).max_await_time_ms(50)
    for _ in range(10):
        next(cursor)
    log.insert_one({"_id": 99})
    next(cursor)
    cursor.close()
    log.drop()


def transactions(client):
    orders = client.shop.orders
    orders.insert_many(documents(0, 3))
    with client.start_session() as session:
        with session.start_transaction():
            orders.insert_many(documents(10, 12), session=session)
            orders.update_one({"_id": 1}, {"$set": {"status": "paid"}}, session=session)
            list(orders.find({"_id": {"$gt": 0}}, session=session).batch_size(2))
        session.start_transaction()
        orders.delete_many({"_id": {"$gt": 0}}, session=session)
        session.abort_transaction()
        session.start_transaction()
        expected(lambda: orders.insert_one({"_id": 1}, session=session))
        session.abort_transaction()
        session.with_transaction(lambda s: orders.insert_one({"_id": 70}, session=s))
    orders.drop()


def change_stream(client):
    orders = client.shop.orders
    orders.insert_many(documents(0, 3))
    wanted = [{"$match": {"operationType": {"$in": ["insert", "update"]}}}]
    with orders.watch(wanted, max_await_time_ms=50) as changes:
        changes.try_next()
        orders.insert_one({"_id": 10})
        orders.update_one({"_id": 10}, {"$set": {"a": 1}})
        seen = 0
        end = time.monotonic() + PATIENCE_SECONDS
        while seen < 2 and time.monotonic() < end:
            seen += changes.try_next() is not None
    orders.drop()


def client_bulk(client):
    def writes(name):
        return [
            InsertOne({"_id": name}, namespace="shop.orders"),
            InsertOne({"_id": name}, namespace="shop.customers"),
            UpdateOne({"_id": name}, {"$set": {"a": 1}}, namespace="shop.orders"),
            DeleteMany({"_id": "nobody"}, namespace="shop.customers"),
        ]

    client.bulk_write(writes("a"))
    client.bulk_write(writes("b"), verbose_results=True)
    expected(lambda: client.bulk_write(writes("a")))
    expected(lambda: client.bulk_write(writes("b"), ordered=False))
    client.shop.orders.drop()
    client.shop.customers.drop()


def main():
    uri, *sessions = sys.argv[1:]
    heartbeats = Heartbeats()
    client = MongoClient(
        uri, event_listeners=[Commands(), heartbeats], serverSelectionTimeoutMS=PATIENCE_SECONDS * 1000
    )
    for session in sessions:
        if session == "streams":
            client.admin.command("ping")
            for _ in range(3):
                assert heartbeats.streamed.acquire(timeout=PATIENCE_SECONDS), "no heartbeat comes"
        else:
            globals()[session](client)
    client.close()


if __name__ == "__main__":
    main()
