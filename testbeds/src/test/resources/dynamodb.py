"""Asks DynamoDB at argv[1] and prints what it answered: operation, table, and the items it told of or the error."""
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

client = boto3.client(
    "dynamodb",
    endpoint_url=sys.argv[1],
    region_name="us-east-1",
    aws_access_key_id="bed",
    aws_secret_access_key="secret",
    config=Config(retries={"max_attempts": 1}),
)
client.create_table(
    TableName="t",
    KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    BillingMode="PAY_PER_REQUEST",
)
print("CreateTable t -1")
for i in range(5):
    client.put_item(TableName="t", Item={"id": {"S": str(i)}, "v": {"N": str(i)}})
    print("PutItem t 1")
print("GetItem t", 1 if "Item" in client.get_item(TableName="t", Key={"id": {"S": "3"}}) else 0)
print("GetItem t", 1 if "Item" in client.get_item(TableName="t", Key={"id": {"S": "x"}}) else 0)
print("Scan t", client.scan(TableName="t", Limit=3)["Count"])
answer = client.query(
    TableName="t", KeyConditionExpression="id = :i", ExpressionAttributeValues={":i": {"S": "2"}}
)
print("Query t", answer["Count"])
answer = client.batch_get_item(RequestItems={"t": {"Keys": [{"id": {"S": str(i)}} for i in range(3, 8)]}})
print("BatchGetItem t", len(answer["Responses"]["t"]))
client.batch_write_item(RequestItems={"t": [{"DeleteRequest": {"Key": {"id": {"S": "0"}}}}]})
print("BatchWriteItem t 1")
try:
    client.put_item(TableName="t", Item={"id": {"S": "3"}}, ConditionExpression="attribute_not_exists(id)")
except ClientError as e:
    print("PutItem t", e.response["Error"]["Code"])
try:
    client.get_item(TableName="absent", Key={"id": {"S": "3"}})
except ClientError as e:
    print("GetItem absent", e.response["Error"]["Code"])
client.delete_table(TableName="t")
print("DeleteTable t -1")
