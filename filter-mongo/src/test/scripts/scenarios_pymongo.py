"""What applications do, by PyMongo with SecantusDB."""
import time

import pymongo
import pymongo.errors
import wire_relay as relay
from bson import ObjectId, SON
from bson.raw_bson import RawBSONDocument
from pymongo import DeleteMany, DeleteOne, InsertOne, ReplaceOne, UpdateMany, UpdateOne
from wire_bed import PASSWORD, USER, scenario

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def orders(client, count=5):
    """Fills shop.orders."""
    with client:
        client.drop_database("shop")
        statuses = ("new", "paid", "sent")
        documents = [{"_id": i, "status": statuses[i % 3], "total": i * 10, "tags": ["a", "b"]} for i in range(count)]
        client.shop.orders.insert_many(documents)


def fails(call, *arguments, **more):
    try:
        call(*arguments, **more)
    except pymongo.errors.PyMongoError:
        return
    raise AssertionError("this has to fail")


# ---- hello and log-ins


@scenario("hello of a driver with an application name, and a ping")
def hello_pymongo(bed):
    with bed.client(appname="shop-api") as client:
        client.admin.command("ping")


@scenario("hello with all compressors offered to a server that has none")
def hello_compressors(bed):
    with bed.client(compressors="snappy,zlib,zstd") as client:
        client.admin.command("ping")


@scenario("hello with versioned API: it is in every command")
def hello_versioned_api(bed):
    orders(bed.aside())
    with bed.client(server_api=pymongo.server_api.ServerApi("1", strict=True)) as client:
        client.admin.command("ping")
        client.shop.orders.find_one({"_id": 1})


@scenario("SCRAM-SHA-256 with its first step in hello", "secantus-auth")
def login_speculative(bed):
    with bed.client(username=USER, password=PASSWORD) as client:
        client.shop.people.insert_one({"name": "ann"})
        client.shop.people.find_one({"name": "ann"})


@scenario("SCRAM-SHA-256 by choice: hello does not ask for the mechanisms of a user", "secantus-auth")
def login_explicit(bed):
    with bed.client(username=USER, password=PASSWORD, authMechanism="SCRAM-SHA-256") as client:
        client.admin.command("ping")


@scenario("SCRAM-SHA-256 with saslStart: the server does not speculate", "secantus-auth",
          plan=relay.patched(without=("speculativeAuthenticate",)))  # fmt: skip
def login_sasl_start(bed):
    with bed.client(username=USER, password=PASSWORD) as client:
        client.admin.command("ping")


@scenario("a log-in with a wrong password", "secantus-auth")
def login_refused(bed):
    with bed.client(username=USER, password="wrong") as client:
        fails(client.admin.command, "ping")


@scenario("commands without a log-in", "secantus-auth")
def login_missing(bed):
    with bed.client() as client:
        fails(client.shop.people.find_one, {"name": "ann"})
        fails(client.shop.people.insert_one, {"name": "bob"})
        client.admin.command("ping")


@scenario("users and roles: names and passwords are values of commands", "secantus-auth")
def users(bed):
    with bed.client(username=USER, password=PASSWORD) as client:
        client.shop.command("createUser", "carol", pwd="hidden-one", roles=["readWrite"])
        client.shop.command("updateUser", "carol", pwd="hidden-two")
        client.shop.command("usersInfo", "carol")
        client.shop.command("grantRolesToUser", "carol", roles=["read"])
        fails(client.shop.command, "createUser", "carol", pwd="hidden-three", roles=[])
        client.shop.command("dropUser", "carol")


# ---- create, read, update, delete


@scenario("find: by _id, by other fields, with operators, sort, limit, projection; find_one; nothing found")
def find(bed):
    orders(bed.aside())
    with bed.client() as client:
        collection = client.shop.orders
        list(collection.find({"_id": 3}))
        list(collection.find({"status": "new"}))
        list(collection.find({"status": {"$in": ["new", "paid"]}, "total": {"$gt": 5, "$lte": 40}}).sort("total", -1))
        list(collection.find({"_id": {"$in": [1, 2, 4]}}, {"total": 1}).sort([("status", 1), ("_id", -1)]).limit(2))
        collection.find_one({"_id": 99})
        collection.find_one({"$or": [{"status": "x"}, {"total": 10}]}, {"_id": 0})
        list(collection.find())
        list(client.shop.nothing.find({"a": {"b": 1}, "c.d": None}))


@scenario("insert: one, many in a sequence, none of them there before; with a chosen _id")
def insert(bed):
    bed.aside().drop_database("shop")
    with bed.client() as client:
        client.shop.orders.insert_one({"a": 1})
        client.shop.orders.insert_one({"_id": "x", "a": {"b": [1, 2, 3]}})
        client.shop.orders.insert_many([{"a": i, "text": "word " * i} for i in range(12)])


@scenario("insert_many that the driver cuts into batches of three", plan=relay.patched(maxWriteBatchSize=3))
def insert_batches(bed):
    bed.aside().drop_database("shop")
    with bed.client() as client:
        client.shop.orders.insert_many([{"_id": i} for i in range(8)])


@scenario("insert of 600 documents in one sequence")
def insert_large(bed):
    bed.aside().drop_database("shop")
    with bed.client() as client:
        client.shop.o.insert_many([RawBSONDocument(b"\x0e\0\0\0\x10_id\0" + i.to_bytes(4, "little") + b"\0") for i in range(600)])
        client.shop.o.count_documents({})


@scenario("update: one, many, with a pipeline, replaced, upserted, array filters, not matched")
def update(bed):
    orders(bed.aside())
    with bed.client() as client:
        collection = client.shop.orders
        collection.update_one({"_id": 1}, {"$set": {"status": "sent"}})
        collection.update_one({"_id": 1}, {"$set": {"status": "sent"}})
        collection.update_many({"total": {"$gte": 20}}, {"$inc": {"total": 1}, "$push": {"tags": {"$each": ["c"], "$slice": 3}}})
        collection.update_one({"_id": 2}, [{"$set": {"twice": {"$multiply": ["$total", 2]}}}, {"$unset": "tags"}])
        collection.replace_one({"_id": 3}, {"status": "new", "total": 7})
        collection.update_one({"_id": 77}, {"$set": {"status": "made"}}, upsert=True)
        collection.replace_one({"status": "unheard"}, {"status": "made too"}, upsert=True)
        collection.update_one({"_id": 4}, {"$set": {"tags.$[x]": "z"}}, array_filters=[{"x": "a"}])
        collection.update_one({"_id": 99}, {"$unset": {"total": ""}})


@scenario("bulk writes: each kind of statement is a command of its own")
def bulk_write(bed):
    orders(bed.aside())
    with bed.client() as client:
        collection = client.shop.orders
        collection.bulk_write([InsertOne({"_id": 10}), InsertOne({"_id": 11}), UpdateOne({"_id": 1}, {"$set": {"a": 1}}),
                               UpdateMany({"_id": {"$gt": 1}}, {"$set": {"a": 2}}), ReplaceOne({"_id": 0}, {"a": 0}, upsert=True),
                               DeleteOne({"_id": 2}), DeleteMany({"a": 2})])  # fmt: skip
        collection.bulk_write([UpdateOne({"_id": 30 + i}, {"$set": {"a": i}}, upsert=True) for i in range(4)], ordered=False)


@scenario("delete: one, many, all, none")
def delete(bed):
    orders(bed.aside())
    with bed.client() as client:
        collection = client.shop.orders
        collection.delete_one({"_id": 1})
        collection.delete_one({"status": "none of them"})
        collection.delete_many({"status": {"$ne": "new"}})
        collection.delete_many({})


@scenario("findAndModify: update, replace, remove, upsert, with sort and fields; nothing found")
def find_and_modify(bed):
    orders(bed.aside())
    with bed.client() as client:
        collection = client.shop.orders
        collection.find_one_and_update({"status": "new"}, {"$inc": {"total": 5}})
        collection.find_one_and_update({"total": {"$gt": 1}}, [{"$set": {"a": 1}}], sort=[("total", -1)], return_document=True)
        collection.find_one_and_replace({"_id": 2}, {"status": "other"}, projection={"_id": 1})
        collection.find_one_and_update({"_id": 50}, {"$set": {"a": 1}}, upsert=True)
        collection.find_one_and_delete({"_id": 3}, sort=[("_id", 1)])
        collection.find_one_and_delete({"_id": 98})


@scenario("count and distinct")
def count(bed):
    orders(bed.aside())
    with bed.client() as client:
        collection = client.shop.orders
        collection.estimated_document_count()
        client.shop.command("count", "orders", query={"status": "new", "total": {"$gte": 1}})
        collection.count_documents({"status": "new"})
        collection.distinct("status")
        collection.distinct("tags.0", {"total": {"$lt": 30}}, maxTimeMS=500)
        client.shop.nothing.distinct("a")


@scenario("aggregate: match, group, sort, project, unwind, expressions")
def aggregate(bed):
    orders(bed.aside())
    with bed.client() as client:
        collection = client.shop.orders
        list(collection.aggregate([]))
        list(collection.aggregate([{"$match": {"total": {"$gt": 1}}}, {"$group": {"_id": "$status", "n": {"$sum": 1}}}]))
        list(collection.aggregate([{"$sort": SON([("total", -1), ("_id", 1)])}, {"$limit": 2}, {"$project": {"_id": 0, "total": 1}}]))
        list(collection.aggregate([{"$unwind": "$tags"}, {"$group": {"_id": {"t": "$tags"}, "all": {"$push": "$total"}}}]))
        list(collection.aggregate([{"$match": {"$expr": {"$gt": ["$total", {"$multiply": [2, 10]}]}}}, {"$count": "many"}]))
        list(collection.aggregate([{"$addFields": {"kind": {"$cond": {"if": {"$gte": ["$total", 20]}, "then": "big", "else": "small"}}}},
                                   {"$match": {"kind": "big"}}]))  # fmt: skip


@scenario("aggregate with other collections: lookup in both forms, graphLookup, unionWith, facet, out, merge")
def aggregate_collections(bed):
    orders(bed.aside())
    with bed.client() as client:
        collection = client.shop.orders
        plain = {"from": "customers", "localField": "status", "foreignField": "name", "as": "who"}
        inner = [{"$match": {"$expr": {"$eq": ["$name", "$$s"]}}}, {"$lookup": {**plain, "from": "cities"}}]
        list(collection.aggregate([{"$match": {"_id": 1}}, {"$lookup": plain}]))
        list(collection.aggregate([{"$lookup": {"from": "customers", "let": {"s": "$status"}, "pipeline": inner, "as": "who"}}]))
        list(collection.aggregate([{"$graphLookup": {"from": "tree", "startWith": "$status", "connectFromField": "up",
                                                     "connectToField": "name", "as": "path"}}]))  # fmt: skip
        list(collection.aggregate([{"$unionWith": "archive"}, {"$limit": 3}]))
        list(collection.aggregate([{"$unionWith": {"coll": "archive", "pipeline": [{"$match": {"total": {"$gt": 5}}}]}}]))
        list(collection.aggregate([{"$facet": {"few": [{"$limit": 1}], "sums": [{"$group": {"_id": None, "n": {"$sum": "$total"}}}]}}]))
        list(collection.aggregate([{"$match": {"status": "new"}}, {"$out": "fresh"}]))
        list(collection.aggregate([{"$merge": {"into": "totals", "on": "_id", "whenMatched": "replace"}}]))
        list(collection.aggregate([{"$merge": "totals"}]))


@scenario("aggregate without a collection")
def aggregate_database(bed):
    with bed.client() as client:
        list(client.shop.aggregate([{"$documents": [{"a": 1}, {"a": 2}, {"a": 3}]}]))
        list(client.admin.aggregate([{"$currentOp": {"idleConnections": False}}, {"$match": {"no such": 1}}]))


# ---- cursors


@scenario("getMore: batches of three, of a find and of an aggregate")
def get_more(bed):
    orders(bed.aside(), 8)
    with bed.client() as client:
        list(client.shop.orders.find({"total": {"$gte": 0}}, batch_size=3).sort("_id", 1))
        list(client.shop.orders.aggregate([{"$match": {"total": {"$gte": 0}}}], batchSize=4))


@scenario("killCursors, and a getMore of the cursor that is gone")
def kill_cursors(bed):
    orders(bed.aside(), 8)
    with bed.client() as client:
        cursor = client.shop.orders.find({}, batch_size=2)
        next(cursor)
        number = cursor.cursor_id
        cursor.close()
        fails(client.shop.command, "getMore", number, collection="orders")
        client.shop.command("killCursors", "orders", cursors=[number])


def exhausted(bed):
    orders(bed.aside(), 7)
    with bed.client() as client:
        list(client.shop.orders.find({"total": {"$gte": 0}}, batch_size=2, cursor_type=pymongo.CursorType.EXHAUST))
        client.admin.command("ping")


@scenario("an exhaust cursor: answers that nobody asked for; all of them name the request")
def exhaust(bed):
    exhausted(bed)


@scenario("an exhaust cursor as mongod numbers it: each answer names the one before", plan=relay.NumberedAsMongod)
def exhaust_numbered(bed):
    exhausted(bed)


def capped(bed):
    with bed.aside() as client:
        client.drop_database("shop")
        client.shop.create_collection("log", capped=True, size=100_000)
        client.shop.log.insert_many([{"_id": i} for i in range(3)])


@scenario("a tailable cursor that waits for data, on a capped collection")
def tailable_await(bed):
    capped(bed)
    with bed.client() as client, bed.aside() as other:
        cursor = client.shop.log.find({}, cursor_type=pymongo.CursorType.TAILABLE_AWAIT, batch_size=2).max_await_time_ms(300)
        for _ in range(3):
            next(cursor)
        cursor.try_next() if hasattr(cursor, "try_next") else next(cursor, None)
        other.shop.log.insert_one({"_id": 9})
        next(cursor)
        cursor.close()


@scenario("a tailable cursor that does not wait")
def tailable(bed):
    capped(bed)
    with bed.client() as client:
        cursor = client.shop.log.find({}, cursor_type=pymongo.CursorType.TAILABLE)
        for _ in range(4):
            next(cursor, None)
        cursor.close()


def watched(stream, changes):
    with stream as changing:
        changing.try_next()
        for change in changes:
            change()
            deadline = time.monotonic() + 20
            while changing.try_next() is None:
                assert time.monotonic() < deadline, "no change"


@scenario("a change stream of a collection")
def change_stream(bed):
    orders(bed.aside())
    with bed.client() as client, bed.aside() as other:
        changes = [lambda: other.shop.orders.insert_one({"_id": 70}), lambda: other.shop.orders.update_one({"_id": 1}, {"$set": {"a": 1}})]
        watched(client.shop.orders.watch([{"$match": {"operationType": {"$in": ["insert", "update"]}}}], max_await_time_ms=200), changes)


@scenario("a change stream of a database")
def change_stream_database(bed):
    orders(bed.aside())
    with bed.client() as client, bed.aside() as other:
        watched(client.shop.watch(max_await_time_ms=200, full_document="updateLookup"), [lambda: other.shop.other.insert_one({"_id": 1})])


@scenario("a change stream of the cluster")
def change_stream_cluster(bed):
    orders(bed.aside())
    with bed.client() as client, bed.aside() as other:
        watched(client.watch(max_await_time_ms=200), [lambda: other.shop.other.insert_one({"_id": 2})])


# ---- errors


@scenario("writes that nobody answers, between others that are answered")
def unacknowledged(bed):
    orders(bed.aside())
    with bed.client() as client:
        quiet = client.shop.get_collection("orders", write_concern=pymongo.WriteConcern(w=0))
        client.admin.command("ping")
        quiet.insert_one({"_id": 60})
        quiet.insert_many([{"_id": 61}, {"_id": 62}])
        quiet.update_one({"_id": 60}, {"$set": {"a": 1}})
        quiet.delete_one({"_id": 61})
        client.shop.orders.count_documents({})
        quiet.insert_one({"_id": 63})


@scenario("duplicate keys, ordered and not: errors inside ok: 1")
def duplicate_keys(bed):
    orders(bed.aside())
    with bed.client() as client:
        collection = client.shop.orders
        fails(collection.insert_one, {"_id": 1})
        fails(collection.insert_many, [{"_id": 20}, {"_id": 1}, {"_id": 21}])
        fails(collection.insert_many, [{"_id": 30}, {"_id": 1}, {"_id": 2}, {"_id": 31}], ordered=False)
        fails(collection.bulk_write, [UpdateOne({"_id": 1}, {"$set": {"a": 1}}), UpdateOne({"_id": 2}, {"$bad": 1})])


@scenario("a writeConcernError inside ok: 1; together with writeErrors")
def write_concern_error(bed):
    orders(bed.aside())
    concern = {"code": 64, "codeName": "WriteConcernFailed", "errmsg": "waiting for replication timed out"}
    with bed.client() as client:
        client.admin.command("ping")
        bed.fail(failCommands=["insert"], writeConcernError=concern)
        fails(client.shop.orders.insert_one, {"_id": 80})
        bed.fail(failCommands=["insert"], writeConcernError=concern)
        fails(client.shop.orders.insert_many, [{"_id": 81}, {"_id": 80}, {"_id": 82}], ordered=False)
        bed.fail(failCommands=["findAndModify"], writeConcernError=concern)
        fails(client.shop.orders.find_one_and_delete, {"_id": 81})


@scenario("commands that fail: with names of codes, with labels, of unknown names")
def errors(bed):
    orders(bed.aside())
    with bed.client(retryWrites=False, retryReads=False) as client:
        fails(list, client.shop.orders.find({"$nonsense": 1}))
        fails(client.shop.orders.aggregate, [{"$nonsense": {}}])
        fails(client.shop.command, "noSuchThing", "orders")
        fails(client.shop.create_collection, "bad$name", check_exists=False)
        fails(client.shop.nothing.rename, "other")
        bed.fail(failCommands=["find"], errorCode=50)
        fails(list, client.shop.orders.find({"_id": 1}).max_time_ms(5))
        bed.fail(failCommands=["update"], errorCode=91, errorLabels=["RetryableWriteError", "RetryableError"])
        fails(client.shop.orders.update_one, {"_id": 1}, {"$set": {"a": 1}})
        bed.fail(failCommands=["aggregate"], errorCode=10107)
        fails(client.shop.orders.aggregate, [{"$limit": 1}])


@scenario("the server is overloaded (8.2): the driver tries again")
def overloaded(bed):
    orders(bed.aside())
    with bed.client() as client:
        client.admin.command("ping")
        bed.fail(failCommands=["find"], errorCode=462, errorLabels=["SystemOverloadedError", "RetryableError"])
        client.shop.orders.find_one({"_id": 1})


@scenario("retryable writes: the second attempt has the number of the first one")
def retryable_writes(bed):
    orders(bed.aside())
    with bed.client() as client:
        client.admin.command("ping")
        bed.fail(failCommands=["insert"], errorCode=262)
        client.shop.orders.insert_one({"_id": 40})
        bed.fail(failCommands=["find"], errorCode=262)
        client.shop.orders.find_one({"_id": 40})


@scenario("the server closes the connection with a command open", pick="app")
def closed_in_command(bed):
    orders(bed.aside())
    with bed.client(retryReads=False) as client:
        client.shop.orders.find_one({"_id": 1})
        bed.fail(failCommands=["find"], closeConnection=True)
        fails(client.shop.orders.find_one, {"_id": 2})


# ---- bulkWrite of 8.0


def bulk(client, bad=0):
    models = [InsertOne({"_id": 100}, namespace="shop.orders"), InsertOne({"_id": 1}, namespace="shop.items"),
              UpdateOne({"_id": 1}, {"$set": {"a": 1}}, namespace="shop.orders"),
              UpdateMany({"_id": 500}, {"$set": {"a": 1}}, upsert=True, namespace="shop.items"),
              DeleteMany({"_id": {"$gt": 2}}, namespace="shop.orders")]  # fmt: skip
    for i in range(bad):
        models.insert(1 + i, InsertOne({"_id": i}, namespace="shop.orders"))
    return models


@scenario("bulkWrite of 8.0 on two collections")
def bulk_write_client(bed):
    orders(bed.aside())
    with bed.client() as client:
        client.bulk_write(bulk(client))
        client.bulk_write([InsertOne({"_id": 300 + i}, namespace="shop.orders") for i in range(3)], verbose_results=True)


@scenario("bulkWrite of 8.0 with errors, ordered and not")
def bulk_write_client_errors(bed):
    orders(bed.aside())
    with bed.client() as client:
        fails(client.bulk_write, bulk(client, 1))
        fails(client.bulk_write, bulk(client, 2), ordered=False)


# ---- transactions and sessions


@scenario("a transaction that is committed, one that is aborted, and statements outside of them")
def transactions(bed):
    orders(bed.aside())
    with bed.client() as client, client.start_session() as session:
        collection = client.shop.orders
        with session.start_transaction():
            collection.update_one({"_id": 1}, {"$inc": {"total": -5}}, session=session)
            collection.update_one({"_id": 2}, {"$inc": {"total": 5}}, session=session)
            collection.find_one({"_id": 2}, session=session)
        collection.find_one({"_id": 1}, session=session)
        session.start_transaction(read_concern=pymongo.read_concern.ReadConcern("snapshot"), write_concern=pymongo.WriteConcern("majority"))
        collection.insert_one({"_id": 90}, session=session)
        session.abort_transaction()
        collection.find_one({"_id": 90}, session=session)


@scenario("a transaction with a failed statement; the abort finds none")
def transaction_error(bed):
    orders(bed.aside())
    with bed.client() as client, client.start_session() as session:
        session.start_transaction()
        client.shop.orders.insert_one({"_id": 91}, session=session)
        fails(client.shop.orders.insert_one, {"_id": 1}, session=session)
        fails(client.shop.orders.find_one, {"_id": 1}, session=session)
        session.abort_transaction()


@scenario("two transactions write the same document: TransientTransactionError")
def transaction_conflict(bed):
    orders(bed.aside())
    with bed.client() as client, bed.aside() as other, client.start_session() as mine, other.start_session() as theirs:
        with theirs.start_transaction():
            other.shop.orders.update_one({"_id": 1}, {"$set": {"a": 1}}, session=theirs)
            mine.start_transaction()
            fails(client.shop.orders.update_one, {"_id": 1}, {"$set": {"a": 2}}, session=mine)
            mine.abort_transaction()


@scenario("a commit that fails and is sent again")
def transaction_commit_again(bed):
    orders(bed.aside())
    with bed.client() as client, client.start_session() as session:
        session.start_transaction()
        client.shop.orders.insert_one({"_id": 92}, session=session)
        bed.fail(failCommands=["commitTransaction"], errorCode=262)
        session.commit_transaction()
        session.commit_transaction()


@scenario("two sessions on one connection: their transactions overlap")
def transactions_overlap(bed):
    orders(bed.aside())
    with bed.client() as client, client.start_session() as one, client.start_session() as two:
        one.start_transaction()
        client.shop.orders.update_one({"_id": 1}, {"$set": {"a": 1}}, session=one)
        two.start_transaction()
        client.shop.orders.update_one({"_id": 2}, {"$set": {"a": 1}}, session=two)
        client.shop.orders.update_one({"_id": 3}, {"$set": {"a": 1}}, session=one)
        one.commit_transaction()
        two.abort_transaction()


@scenario("sessions: causally consistent reads, refreshed, killed, ended")
def sessions(bed):
    orders(bed.aside())
    with bed.client() as client:
        with client.start_session(causal_consistency=True) as session:
            client.shop.orders.find_one({"_id": 1}, session=session)
            client.shop.orders.find_one({"_id": 2}, session=session)
            client.admin.command("refreshSessions", [session.session_id])
        client.admin.command("killSessions", [])


# ---- what commands carry


@scenario("comments: text, JSON with a calling function, a traceparent, documents, $comment in a filter, long ones, numbers")
def comments(bed):
    orders(bed.aside())
    with bed.client() as client:
        collection = client.shop.orders
        collection.find_one({"_id": 1}, comment="nightly report")
        collection.find_one({"_id": 1}, comment='{"callingFunction": "OrderService.load", "user": 7}')
        collection.find_one({"_id": 1}, comment=TRACEPARENT)
        collection.find_one({"_id": 1}, comment='{"traceparent": "%s"}' % TRACEPARENT)
        collection.find_one({"_id": 1}, comment={"traceparent": TRACEPARENT, "callingFunction": "Cart.total"})
        collection.find_one({"_id": 1, "$comment": "in the filter"})
        collection.find_one({"_id": 1}, comment="größer als vierundsechzig Bytes, geschnitten wird nicht mitten im Zeichen: ä")
        collection.find_one({"_id": 1}, comment=5)
        collection.update_one({"_id": 1}, {"$set": {"a": 1}}, comment="an update")
        list(collection.aggregate([{"$limit": 3}], comment={"callingFunction": "List.all"}, batchSize=2))
        collection.delete_one({"_id": 88}, comment='{"traceparent": "none", "callingFunction": 5}')


@scenario("read preference, read concern, write concern, maxTimeMS")
def options(bed):
    orders(bed.aside())
    concern = pymongo.read_concern.ReadConcern
    with bed.client() as client:
        reading = client.shop.get_collection("orders", read_preference=pymongo.ReadPreference.NEAREST, read_concern=concern("majority"))
        list(reading.find({"status": "new"}).max_time_ms(500))
        list(reading.aggregate([{"$limit": 1}], maxTimeMS=0))
        reading.count_documents({"status": "new"}, maxTimeMS=100)
        tagged = pymongo.read_preferences.SecondaryPreferred(tag_sets=[{"dc": "east"}, {}], max_staleness=120)
        client.shop.get_collection("orders", read_preference=tagged, read_concern=concern("local")).find_one({"_id": 1})
        for number, write in enumerate(({"w": 1}, {"w": "majority", "wtimeout": 900}, {"j": True}, {"w": 1, "j": True})):
            client.shop.get_collection("orders", write_concern=pymongo.WriteConcern(**write)).insert_one({"_id": 200 + number})


@scenario("explain of a find, an aggregate, an update, a count, a distinct and a findAndModify")
def explain(bed):
    orders(bed.aside())
    with bed.client() as client:
        collection = client.shop.orders
        collection.find({"total": {"$gt": 3}}).sort("total", 1).explain()
        for command in ({"aggregate": "orders", "pipeline": [{"$match": {"a": 1}}], "cursor": {}},
                        {"update": "orders", "updates": [{"q": {"a": 1}, "u": {"$set": {"b": 1}}}]},
                        {"count": "orders", "query": {"a": 1}}, {"distinct": "orders", "key": "a", "query": {"b": ObjectId()}},
                        {"findAndModify": "orders", "query": {"a": 1}, "remove": True}):  # fmt: skip
            client.shop.command("explain", command, verbosity="queryPlanner")
        fails(client.shop.command, "explain", {"find": "orders", "filter": {"$nonsense": 1}})
