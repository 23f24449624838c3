#!/usr/bin/env python3
"""Records conversations of boto3 with a DynamoDB (DynamoDB Local, moto's server) as files.

usage: record-dynamodb.py http://127.0.0.1:8000 FOLDER

A file is a request, a line of '=', and the answer: first line, headers, an empty line, the body. Signatures are left out.
"""
import os
import sys

import boto3
import botocore.awsrequest
import botocore.httpsession
from botocore.config import Config

endpoint, folder = sys.argv[1], sys.argv[2]
os.makedirs(folder, exist_ok=True)
name = None
plain = botocore.httpsession.URLLib3Session.send


def record(self, request):
    response = plain(self, request)
    if name:
        body = request.body.encode() if isinstance(request.body, str) else (request.body or b"")
        with open(os.path.join(folder, name + ".http"), "wb") as f:
            path = "/" + request.url.split("://", 1)[1].partition("/")[2]
            f.write(f"{request.method} {path} HTTP/1.1\n".encode())
            for key, value in sorted(request.headers.items()):
                if key.lower() in ("authorization", "x-amz-date", "amz-sdk-invocation-id", "x-amz-security-token"):
                    continue
                f.write(f"{key}: {value.decode() if isinstance(value, bytes) else value}\n".encode())
            f.write(b"\n" + body + b"\n=====\n")
            f.write(f"HTTP/1.1 {response.status_code}\n".encode())
            for key, value in response.headers.items():
                if key.lower() in ("date", "x-amzn-requestid", "content-encoding", "transfer-encoding"):
                    continue
                f.write(f"{key}: {value}\n".encode())
            f.write(b"\n" + response.content)
    return response


botocore.httpsession.URLLib3Session.send = record


def client(kind, **config):
    return boto3.client(
        kind, endpoint_url=endpoint, region_name="eu-central-1", aws_access_key_id="fake", aws_secret_access_key="fake",
        config=Config(retries={"max_attempts": 1, "mode": "standard"}, **config))


db = client("dynamodb")
streams = client("dynamodbstreams")


def ask(file, call, **arguments):
    global name
    name = file
    try:
        return call(**arguments)
    except Exception as e:  # errors are recorded as well
        print(file, type(e).__name__, str(e)[:150])
    finally:
        name = None


def item(i, **more):
    return {"customer": {"S": "c%d" % (i % 3)}, "number": {"N": str(i)}, "state": {"S": "open"}, **more}


key = lambda i: {"customer": {"S": "c%d" % (i % 3)}, "number": {"N": str(i)}}

ask("create-table", db.create_table, TableName="orders",
    AttributeDefinitions=[{"AttributeName": n, "AttributeType": t} for n, t in (("customer", "S"), ("number", "N"), ("state", "S"))],
    KeySchema=[{"AttributeName": "customer", "KeyType": "HASH"}, {"AttributeName": "number", "KeyType": "RANGE"}],
    GlobalSecondaryIndexes=[{"IndexName": "by-state", "KeySchema": [{"AttributeName": "state", "KeyType": "HASH"}],
                             "Projection": {"ProjectionType": "ALL"},
                             "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}}],
    ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
    StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
db.create_table(TableName="users", AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}], BillingMode="PAY_PER_REQUEST")
ask("list-tables", db.list_tables, Limit=1)
ask("describe-table", db.describe_table, TableName="orders")
ask("put-item", db.put_item, TableName="orders", Item=item(1, note={"B": b"\x00" * 300}), ReturnConsumedCapacity="INDEXES")
ask("put-item-plain", db.put_item, TableName="users", Item={"id": {"S": "ä\"\\é😀"}, "deep": {"M": {"Item": {"L": [{"M": {}}]}}}})
ask("condition-failed", db.put_item, TableName="orders", Item=item(1), ConditionExpression="attribute_not_exists(customer)",
    ReturnConsumedCapacity="TOTAL")
ask("get-item", db.get_item, TableName="orders", Key=key(1), ConsistentRead=True, ReturnConsumedCapacity="TOTAL")
ask("get-item-missing", db.get_item, TableName="orders", Key=key(99))
ask("get-item-arn", db.get_item, TableName="arn:aws:dynamodb:eu-central-1:123456789012:table/orders", Key=key(1))
ask("update-item", db.update_item, TableName="orders", Key=key(1), UpdateExpression="SET #s = :s",
    ExpressionAttributeNames={"#s": "state"}, ExpressionAttributeValues={":s": {"S": "paid"}}, ReturnValues="ALL_NEW",
    ReturnConsumedCapacity="INDEXES")
ask("batch-write", db.batch_write_item, RequestItems={
    "orders": [{"PutRequest": {"Item": item(i)}} for i in range(2, 12)] + [{"DeleteRequest": {"Key": key(50)}}],
    "users": [{"PutRequest": {"Item": {"id": {"S": "u%d" % i}}}} for i in range(3)]}, ReturnConsumedCapacity="INDEXES")
ask("batch-get", db.batch_get_item, RequestItems={
    "orders": {"Keys": [key(2), key(3), key(98)], "ConsistentRead": True}, "users": {"Keys": [{"id": {"S": "u1"}}]}},
    ReturnConsumedCapacity="TOTAL")
ask("query", db.query, TableName="orders", KeyConditionExpression="customer = :c",
    ExpressionAttributeValues={":c": {"S": "c0"}}, ReturnConsumedCapacity="TOTAL")
ask("query-index", db.query, TableName="orders", IndexName="by-state", KeyConditionExpression="#s = :s",
    FilterExpression="#n > :n", ExpressionAttributeNames={"#s": "state", "#n": "number"},
    ExpressionAttributeValues={":s": {"S": "open"}, ":n": {"N": "5"}}, ReturnConsumedCapacity="INDEXES")
ask("query-count", db.query, TableName="orders", Select="COUNT", KeyConditionExpression="customer = :c",
    ExpressionAttributeValues={":c": {"S": "c0"}})
ask("scan-page", db.scan, TableName="orders", Limit=4)
ask("transact-write", db.transact_write_items, TransactItems=[
    {"Put": {"TableName": "orders", "Item": item(20)}},
    {"Update": {"TableName": "users", "Key": {"id": {"S": "u1"}}, "UpdateExpression": "SET n = :n",
                "ExpressionAttributeValues": {":n": {"N": "1"}}}},
    {"ConditionCheck": {"TableName": "users", "Key": {"id": {"S": "u2"}}, "ConditionExpression": "attribute_exists(id)"}}],
    ReturnConsumedCapacity="TOTAL")
ask("transact-cancelled", db.transact_write_items, TransactItems=[
    {"Put": {"TableName": "orders", "Item": item(21)}},
    {"ConditionCheck": {"TableName": "users", "Key": {"id": {"S": "nobody"}}, "ConditionExpression": "attribute_exists(id)"}},
    {"Put": {"TableName": "orders", "Item": item(1), "ConditionExpression": "attribute_not_exists(customer)"}}])
ask("transact-get", db.transact_get_items, TransactItems=[
    {"Get": {"TableName": "orders", "Key": key(2)}}, {"Get": {"TableName": "users", "Key": {"id": {"S": "nobody"}}}}])
ask("partiql", db.execute_statement, Statement="SELECT * FROM \"orders\" WHERE customer = 'c1' AND number = 4",
    ReturnConsumedCapacity="TOTAL")
ask("partiql-batch", db.batch_execute_statement, Statements=[
    {"Statement": "SELECT * FROM orders WHERE customer = 'c1' AND number = 4"},
    {"Statement": "SELECT * FROM orders WHERE customer = 'c2' AND number = 5"}])
ask("partiql-batch-errors", db.batch_execute_statement, Statements=[
    {"Statement": "INSERT INTO orders VALUE {'customer': 'c1', 'number': 4}"},
    {"Statement": "INSERT INTO users VALUE {'id': 'u9'}"}])
ask("partiql-transaction", db.execute_transaction, TransactStatements=[
    {"Statement": "UPDATE orders SET state = 'gone' WHERE customer = 'c1' AND number = 4"},
    {"Statement": "DELETE FROM users WHERE id = 'u0'"}])
ask("no-table", db.get_item, TableName="nothing", Key={"id": {"S": "1"}})
ask("validation", db.get_item, TableName="orders", Key={"wrong": {"S": "1"}})
ask("delete-item", db.delete_item, TableName="orders", Key=key(2))
arn = db.describe_table(TableName="orders")["Table"].get("LatestStreamArn")
if arn:
    shard = ask("describe-stream", streams.describe_stream, StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    ask("get-records", streams.get_records, ShardIterator=iterator, Limit=5)
db.delete_table(TableName="orders")
db.delete_table(TableName="users")
