"""Monitoring, administration, compression, and the Java driver; real servers."""
import os
import subprocess
import time

import pymongo
import wire_client as w
import wire_relay as relay
from scenarios_pymongo import fails, orders
from wire_bed import HERE, PASSWORD, USER, java_driver, scenario

# ---- monitoring


def monitored(bed, seconds, **options):
    with bed.client(heartbeatFrequencyMS=500, **options) as client:
        client.admin.command("ping")
        time.sleep(seconds)


@scenario("the connection of a monitor: hello that waits, a stream of answers", pick="monitor")
def monitor_stream(bed):
    monitored(bed, 1.8, serverMonitoringMode="stream")


@scenario("the same as mongod numbers it: each answer names the one before", pick="monitor", plan=relay.NumberedAsMongod)
def monitor_stream_numbered(bed):
    monitored(bed, 1.8, serverMonitoringMode="stream")


@scenario("the connection of a monitor that asks again and again", pick="hello")
def monitor_poll(bed):
    monitored(bed, 1.8, serverMonitoringMode="poll")


@scenario("the connection that measures the time of round trips", pick="hello")
def monitor_rtt(bed):
    monitored(bed, 1.8, serverMonitoringMode="stream")


@scenario("hello that waits, without a stream", client="raw", pick="monitor")
def hello_awaitable(bed):
    client = w.Client(bed.port)
    first = client.hello(helloOk=True)
    for _ in range(2):
        client.ask({"hello": 1, "topologyVersion": first["topologyVersion"], "maxAwaitTimeMS": 250, "$db": "admin"})
    client.close()


@scenario("the monitor of the Java driver", client="java", pick="monitor")
def java_monitor(bed):
    java(bed, "monitor", "heartbeatFrequencyMS=500")


@scenario("the primary steps down while a monitor waits", pick="monitor")
def monitor_step_down(bed):
    with bed.client(heartbeatFrequencyMS=500, serverMonitoringMode="stream") as client, bed.aside() as other:
        client.admin.command("ping")
        time.sleep(0.7)
        try:
            other.admin.command("replSetStepDown", 1, force=True)
        except pymongo.errors.PyMongoError:
            pass
        time.sleep(2.5)


# ---- administration


@scenario("commands on databases and collections: lists, indexes, collections made, changed and dropped")
def administration(bed):
    orders(bed.aside())
    with bed.client() as client:
        client.list_database_names()
        list(client.shop.list_collections(filter={"name": {"$regex": "^o"}}))
        client.shop.create_collection("made", check_exists=False)
        client.shop.orders.create_index([("status", 1), ("total", -1)], unique=False)
        list(client.shop.orders.list_indexes())
        fails(client.shop.orders.create_index, [("status", 1), ("total", -1)], name="another name")
        client.shop.orders.drop_indexes()
        client.shop.command("collMod", "orders", validationLevel="off")
        client.shop.command("collStats", "orders")
        client.shop.command("dbStats")
        client.shop.orders.rename("renamed")
        client.shop.made.drop()
        client.drop_database("shop")


@scenario("commands about the server, and one that nobody knows")
def server_commands(bed):
    with bed.client() as client:
        for name in ("buildInfo", "getCmdLineOpts", "connectionStatus", "hostInfo", "whatsmyuri"):
            client.admin.command(name)
        client.admin.command("buildinfo")
        client.admin.command("getParameter", 1, logLevel=1)
        fails(client.admin.command, "frobnicate", "x")


@scenario("a cursor of listCollections in batches: its collection is $cmd.listCollections")
def list_collections(bed):
    with bed.aside() as client:
        for i in range(5):
            client.shop[f"c{i}"].insert_one({})
    with bed.client() as client:
        cursor = client.shop.command("listCollections", cursor={"batchSize": 2}, nameOnly=True)["cursor"]
        while cursor["id"]:
            cursor = client.shop.command("getMore", cursor["id"], collection="$cmd.listCollections", batchSize=2)["cursor"]


# ---- compression: the server has none, a bridge speaks it to the driver


def crud(bed, **options):
    orders(bed.aside())
    with bed.client(**options) as client:
        collection = client.shop.orders
        collection.insert_many([{"_id": 100 + i, "text": "lorem ipsum dolor sit amet " * 3} for i in range(20)])
        list(collection.find({"_id": {"$gte": 100}}, batch_size=12))
        collection.update_many({"_id": {"$gte": 110}}, {"$set": {"text": "changed"}})
        fails(collection.insert_one, {"_id": 100})
        client.shop.get_collection("orders", write_concern=pymongo.WriteConcern(w=0)).insert_one({"_id": 500})
        client.admin.command("ping")


@scenario("snappy, by PyMongo", plan=relay.speaks(["snappy"]))
def compressed_snappy(bed):
    crud(bed, compressors="snappy")


@scenario("zlib, by PyMongo", plan=relay.speaks(["zlib"]))
def compressed_zlib(bed):
    crud(bed, compressors="zlib", zlibCompressionLevel=9)


@scenario("zlib of level 0: stored blocks", plan=relay.speaks(["zlib"]))
def compressed_zlib_stored(bed):
    crud(bed, compressors="zlib", zlibCompressionLevel=0)


@scenario("zstd, by PyMongo", plan=relay.speaks(["zstd"]))
def compressed_zstd(bed):
    crud(bed, compressors="zstd")


@scenario("requests with zlib, answers with zstd", plan=relay.speaks(["zlib"], answers="zstd"))
def compressed_differently(bed):
    crud(bed, compressors="zlib")


@scenario("requests with snappy, plain answers", plan=relay.speaks(["snappy"], answers="-"))
def compressed_requests(bed):
    crud(bed, compressors="snappy")


@scenario("plain requests, answers with snappy", plan=relay.speaks(["snappy"], answers="snappy"))
def compressed_answers(bed):
    crud(bed)


@scenario("a log-in with a compressor: what belongs to it stays plain", "secantus-auth", plan=relay.speaks(["snappy"]))
def compressed_login(bed):
    with bed.client(username=USER, password=PASSWORD, compressors="snappy") as client:
        client.shop.people.insert_one({"name": "ann"})
        client.shop.people.find_one({"name": "ann"})


@scenario("an exhaust cursor, compressed", plan=relay.speaks(["zstd"], answers="zstd"))
def compressed_exhaust(bed):
    orders(bed.aside(), 7)
    with bed.client(compressors="zstd") as client:
        list(client.shop.orders.find({}, batch_size=3, cursor_type=pymongo.CursorType.EXHAUST))


@scenario("noop: wrapped and not compressed; both ways", client="raw", plan=relay.speaks(["noop"]))
def compressed_noop(bed):
    orders(bed.aside())
    client = w.Client(bed.port)
    client.hello(compression=["noop"])
    client.ask({"find": "orders", "filter": {"_id": 1}, "$db": "shop"}, compressor="noop")
    client.ask({"insert": "orders", "$db": "shop"}, after=[("documents", [{"_id": 51}, {"_id": 52}])], compressor="noop")
    client.close()


@scenario("each request with another compressor", client="raw", plan=relay.speaks(["snappy", "zlib", "zstd"]))
def compressed_mixed(bed):
    orders(bed.aside())
    client = w.Client(bed.port)
    client.hello(compression=["snappy", "zlib", "zstd"])
    for name in ("snappy", None, "zlib", "zstd", "noop", "snappy"):
        client.ask({"find": "orders", "filter": {"total": {"$gte": 0}}, "$db": "shop"}, compressor=name)
    client.close()


# ---- what no driver does, of a real server


@scenario("two requests in flight", client="raw")
def interleaved(bed):
    orders(bed.aside())
    client = w.Client(bed.port)
    client.hello()
    for _ in range(2):
        client.send(w.msg(client.next(), {"find": "orders", "filter": {"_id": 1}, "$db": "shop"})
                    + w.msg(client.next(), {"count": "orders", "query": {"status": "new"}, "$db": "shop"}))  # fmt: skip
        client.receive()
        client.receive()
    client.close()


@scenario("two requests in flight, the later one is answered first", client="raw", plan=relay.LastFirst)
def interleaved_reversed(bed):
    orders(bed.aside())
    client = w.Client(bed.port)
    client.hello()
    client.send(w.msg(client.next(), {"find": "orders", "filter": {"_id": 1}, "$db": "shop"}))
    time.sleep(0.01)
    client.send(w.msg(client.next(), {"distinct": "orders", "key": "status", "query": {"total": 7}, "$db": "shop"}))
    client.receive()
    client.receive()
    client.close()


@scenario("requests and answers with checksums", client="raw", plan=relay.WithChecksum)
def checksum(bed):
    orders(bed.aside())
    client = w.Client(bed.port)
    client.hello()
    client.ask({"find": "orders", "filter": {"_id": {"$in": [1, 2]}}, "$db": "shop"}, w.CHECKSUM)
    client.ask({"insert": "orders", "$db": "shop"}, w.CHECKSUM, after=[("documents", [{"_id": 41}, {"_id": 42}, {"_id": 43}])])
    client.ask({"insert": "orders", "writeConcern": {"w": 0}, "$db": "shop"}, w.CHECKSUM | w.MORE_TO_COME, after=[("documents", [{"_id": 44}])])
    client.ask({"ping": 1, "$db": "admin"}, w.CHECKSUM)
    client.close()


@scenario("sections in any order: the body last, between sequences; $db first and last; an empty sequence", client="raw")
def sections(bed):
    orders(bed.aside())
    client = w.Client(bed.port)
    client.hello()
    client.ask({"insert": "orders", "$db": "shop"}, before=[("documents", [{"_id": 41}, {"_id": 42}])])
    updates = [{"q": {"_id": 41}, "u": {"$set": {"a": 1}}}, {"q": {"total": 3}, "u": {"b": 1}}]
    client.ask({"update": "orders", "$db": "shop", "ordered": False}, before=[("updates", updates)])
    ops = [{"insert": 1, "document": {"_id": 7}}, {"delete": 0, "filter": {"_id": 42}, "multi": False}]
    client.ask({"bulkWrite": 1, "errorsOnly": True, "$db": "admin"}, before=[("ops", ops)], after=[("nsInfo", [{"ns": "shop.orders"}, {"ns": "shop.x"}])])
    client.ask({"find": "orders", "comment": "late", "filter": {"_id": 1}, "sort": {"_id": 1}, "maxTimeMS": 900, "$db": "shop"})
    client.ask({"find": "orders", "sort": {"_id": -1, "total": 1.0}, "filter": {"total": 1}, "$db": "shop"})
    client.ask({"insert": "orders", "$db": "shop"}, after=[("documents", [])], check=False)
    client.ask({"delete": "orders", "deletes": [{"q": {"_id": 1}, "limit": 1}, {"q": {"_id": 2}, "limit": 1}], "$db": "shop"})
    client.close()


@scenario("flags that may be ignored; a find that allows an exhaust stream", client="raw")
def optional_flags(bed):
    orders(bed.aside())
    client = w.Client(bed.port)
    client.hello()
    client.ask({"find": "orders", "filter": {}, "batchSize": 2, "$db": "shop"}, w.EXHAUST_ALLOWED)
    client.ask({"ping": 1, "$db": "admin"}, 1 << 17 | 1 << 30)
    client.close()


@scenario("the command in OP_QUERY, as drivers before 2026 open; spelled ismaster in OP_MSG", client="raw")
def hello_legacy(bed):
    client = w.Client(bed.port)
    client.send(w.query(client.next(), "admin.$cmd", {"isMaster": 1, "helloOk": True, "client": w.METADATA}))
    client.receive()
    client.ask({"ismaster": 1, "$db": "admin"})
    client.ask({"isMaster": 1, "$db": "admin"})
    client.ask({"ping": 1, "$db": "admin"})
    client.close()


@scenario("hello without a word about the client; behind a load balancer", client="raw", plan=relay.patched(serviceId=b"0123456789ab"))
def hello_load_balanced(bed):
    client = w.Client(bed.port)
    client.ask({"hello": 1, "helloOk": True, "$db": "admin"})
    client.hello(loadBalanced=True)
    client.ask({"ping": 1, "$db": "admin"})
    client.close()


# ---- the Java driver


def java(bed, name, *options):
    uri = f"mongodb://127.0.0.1:{bed.port}/?" + "&".join(["directConnection=true", "maxPoolSize=1", "appName=recorder", *options])
    command = ["java", "-cp", java_driver(), os.path.join(HERE, "RecordClient.java"), uri, name]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


@scenario("the Java driver: create, read, update, delete, cursors, errors", client="java")
def java_crud(bed):
    orders(bed.aside())
    java(bed, "crud")


@scenario("the Java driver: a transaction", client="java")
def java_transaction(bed):
    orders(bed.aside())
    java(bed, "transaction")


@scenario("the Java driver: bulkWrite of 8.0", client="java")
def java_bulk_write(bed):
    orders(bed.aside())
    java(bed, "bulk")


@scenario("the Java driver: a change stream", client="java")
def java_change_stream(bed):
    orders(bed.aside())
    java(bed, "watch")


@scenario("the Java driver with snappy", client="java", plan=relay.speaks(["snappy"]))
def java_snappy(bed):
    orders(bed.aside())
    java(bed, "crud", "compressors=snappy")


@scenario("the Java driver with zlib", client="java", plan=relay.speaks(["zlib"]))
def java_zlib(bed):
    orders(bed.aside())
    java(bed, "crud", "compressors=zlib")


@scenario("the Java driver with zstd", client="java", plan=relay.speaks(["zstd"]))
def java_zstd(bed):
    orders(bed.aside())
    java(bed, "crud", "compressors=zstd")


@scenario("the Java driver logs in", "secantus-auth", client="java")
def java_login(bed):
    uri = f"mongodb://{USER}:{PASSWORD}@127.0.0.1:{bed.port}/?directConnection=true&maxPoolSize=1"
    command = ["java", "-cp", java_driver(), os.path.join(HERE, "RecordClient.java"), uri, "ping"]
    subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=True)


@scenario("the Java driver with mongo-java-server", "java", client="java")
def java_server_java(bed):
    java(bed, "crud")


@scenario("PyMongo with mongo-java-server, which says that it is newer than it is", "java", plan=relay.patched(maxWireVersion=9))
def java_server_pymongo(bed):
    with bed.client(appname="recorder") as client:
        collection = client.shop.things
        collection.insert_many([{"_id": i, "a": i % 2} for i in range(6)])
        list(collection.find({"a": 1}, batch_size=2))
        fails(collection.insert_one, {"_id": 1})
        client.shop.command({"findandmodify": "things", "query": {"_id": 4}, "remove": True})
        list(collection.aggregate([{"$match": {"a": 0}}, {"$group": {"_id": "$a", "n": {"$sum": 1}}}]))
