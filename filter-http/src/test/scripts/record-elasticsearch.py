#!/usr/bin/env python3
"""Records conversations with an Elasticsearch or OpenSearch as files, in the form of record-dynamodb.py.

usage: record-elasticsearch.py 127.0.0.1:9200 FOLDER
"""
import http.client
import json
import os
import sys

address, folder = sys.argv[1], sys.argv[2]
os.makedirs(folder, exist_ok=True)


def ask(name, method, path, body=None, accept=None):
    text = body if isinstance(body, str) else json.dumps(body) if body is not None else ""
    headers = {"User-Agent": "recorder/1.0"}
    if text:
        headers["Content-Type"] = "application/x-ndjson" if path.split("?")[0].endswith(("_bulk", "_msearch")) else "application/json"
    if accept:
        headers["Accept-Encoding"] = accept
    connection = http.client.HTTPConnection(address)
    connection.request(method, path, text.encode(), headers)
    response = connection.getresponse()
    content = response.read()
    with open(os.path.join(folder, name + ".http"), "wb") as f:
        f.write(f"{method} {path} HTTP/1.1\n".encode())
        for key, value in headers.items():
            f.write(f"{key}: {value}\n".encode())
        f.write(b"\n" + text.encode() + b"\n=====\n")
        f.write(f"HTTP/1.1 {response.status}\n".encode())
        for key, value in response.getheaders():
            f.write(f"{key}: {value}\n".encode())
        f.write(b"\n" + content)


def lines(*values):
    return "".join(json.dumps(value) + "\n" for value in values)


ask("info", "GET", "/")
ask("create-index", "PUT", "/books", {"settings": {"number_of_shards": 1, "number_of_replicas": 0},
                                      "mappings": {"properties": {"year": {"type": "integer"}}}})
ask("create-index-again", "PUT", "/books", {})
ask("exists-index", "HEAD", "/books")
ask("exists-index-missing", "HEAD", "/nothing")
ask("index", "PUT", "/books/_doc/1", {"title": "Dune", "year": 1965, "hits": {"hits": [{"took": 3}]}})
ask("index-rejected", "POST", "/books/_doc", {"year": "no year"})
ask("create-conflict", "PUT", "/books/_create/1", {"title": "Dune"})
ask("bulk", "POST", "/_bulk?refresh=true", lines(
    {"index": {"_index": "books", "_id": "2"}}, {"title": "Emma", "year": 1815},
    {"index": {"_index": "films", "_id": "1"}}, {"title": "Dune", "year": 2021},
    {"delete": {"_index": "books", "_id": "77"}}))
ask("bulk-errors", "POST", "/books/_bulk?refresh=true", lines(
    {"index": {"_id": "3"}}, {"title": "Ulysses", "year": 1922},
    {"index": {"_id": "4"}}, {"year": "none"},
    {"update": {"_id": "99"}}, {"doc": {"year": 1}}))
ask("search", "POST", "/books/_search?size=2", {"query": {"match_all": {}}, "aggs": {"by": {"terms": {"field": "year"}}}})
ask("search-gzip", "POST", "/books/_search", {"query": {"match_all": {}}}, accept="gzip")
ask("search-all", "GET", "/books,films/_search?q=title:dune")
ask("search-missing", "GET", "/nothing/_search")
ask("search-malformed", "POST", "/books/_search", {"query": {"nonsense": {}}})
ask("msearch", "POST", "/_msearch", lines({"index": "books"}, {"query": {"match_all": {}}}, {"index": "nothing"}, {"query": {"match_all": {}}},
                                          {"index": "films"}, {"size": 0}))
ask("mget", "POST", "/books/_mget", {"ids": ["1", "2", "88"]})
ask("get", "GET", "/books/_doc/1")
ask("get-missing", "GET", "/books/_doc/88")
ask("exists-missing", "HEAD", "/books/_doc/88")
ask("count", "GET", "/books/_count")
ask("update", "POST", "/books/_update/1", {"doc": {"year": 1966}})
ask("update-by-query", "POST", "/books/_update_by_query?refresh=true", {"query": {"match_all": {}}})
ask("delete-by-query", "POST", "/books/_delete_by_query?refresh=true", {"query": {"range": {"year": {"lt": 1900}}}})
ask("delete", "DELETE", "/books/_doc/1")
ask("scroll-missing", "POST", "/_search/scroll", {"scroll_id": "nothing"})
ask("health", "GET", "/_cluster/health")
ask("cat", "GET", "/_cat/indices")
ask("mapping", "GET", "/books/_mapping")
ask("delete-index", "DELETE", "/books")
