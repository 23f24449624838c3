package dev.weir.http;

import org.jspecify.annotations.Nullable;

/** What the body of an answer of Elasticsearch or OpenSearch says: hits, items of a bulk, errors, how long it took. */
final class ElasticResponse extends PathSink {
    final Tally indexes = new Tally();

    /** The index of those actions of a bulk that were done, and of documents of an mget that were found; null for none, or several. */
    @Nullable
    String done;

    private boolean doneSeveral;
    private @Nullable String itemIndex;
    private boolean itemDone;

    long hits;
    boolean searched;
    long total;
    long took;
    long count;
    long changed;
    boolean found;
    boolean foundKnown;

    /** Actions of a bulk, searches of an msearch, documents of an mget. */
    long items;

    long itemErrors;
    long documentsFound;
    long shardsFailed;
    boolean timedOut;

    /** Whether the answer comes from no shard at all. */
    boolean noShards;

    @Nullable
    String error;

    @Nullable
    String itemError;

    ElasticResponse() {
        clear();
    }

    void clear() {
        reset();
        indexes.clear();
        done = null;
        doneSeveral = false;
        itemIndex = null;
        itemDone = false;
        hits = 0;
        searched = false;
        total = -1;
        took = -1;
        count = -1;
        changed = -1;
        found = false;
        foundKnown = false;
        items = 0;
        itemErrors = 0;
        documentsFound = 0;
        shardsFailed = 0;
        timedOut = false;
        noShards = false;
        error = null;
        itemError = null;
    }

    @Override
    void opened(boolean map, String name) {
        switch (depth()) {
            case 1 -> searched |= name.equals("hits");
            case 2 -> {
                if (in("items") || in("responses") || in("docs")) {
                    items++;
                    itemIndex = null;
                    itemDone = in("items");
                }
            }
            case 3 -> {
                if (in("hits") && around(2).equals("hits")) {
                    hits++; // of a search: {"hits":{"hits":[{…
                } else if (in("responses") && name.equals("error")) {
                    itemErrors++;
                }
            }
            case 4 -> {
                if (in("items") && name.equals("error")) {
                    itemErrors++; // of a bulk: {"items":[{"index":{"error":{…
                    itemDone = false;
                }
            }
            case 5 -> {
                if (in("responses") && around(3).equals("hits") && around(4).equals("hits")) {
                    hits++;
                }
            }
            default -> {
                // Within documents.
            }
        }
    }

    @Override
    void closed() {
        if (depth() == 2 && itemIndex != null && itemDone) {
            doneSeveral |= done != null && !done.equals(itemIndex);
            done = doneSeveral ? null : itemIndex;
            itemIndex = null;
        }
    }

    @Override
    public void value(String name, Token token) {
        switch (depth()) {
            case 1 -> top(name, token);
            case 2 -> second(name, token);
            case 3 -> third(name, token);
            case 4 -> fourth(name, token);
            case 5 -> fifth(name, token);
            default -> {
                // Within documents.
            }
        }
    }

    private void top(String name, Token token) {
        switch (name) {
            case "took" -> took = token.count();
            case "count" -> count = token.count();
            case "timed_out" -> timedOut = token.isTrue();
            case "found" -> {
                found = token.isTrue();
                foundKnown = true;
            }
            case "updated", "deleted", "created" -> {
                if (token.isNumber()) {
                    changed = Math.max(0, changed) + Math.max(0, token.count());
                }
            }
            case "error" -> error = token.isText() ? "_OTHER" : null; // of old: a sentence
            default -> {
                // Of no interest.
            }
        }
    }

    private void second(String name, Token token) {
        if (name.equals("type") && in("error") && token.isText()) {
            error = token.name();
        } else if (name.equals("total") && in("hits")) {
            total = token.count(); // before version 7
        } else if (name.equals("failed") && in("_shards")) {
            shardsFailed = Math.max(0, token.count());
        } else if (name.equals("total") && in("_shards")) {
            noShards = token.count() == 0;
        }
    }

    private void third(String name, Token token) {
        if (name.equals("value") && in("hits") && around(2).equals("total")) {
            total = token.count();
        } else if (name.equals("found") && in("docs") && token.isTrue()) {
            documentsFound++;
            itemDone = true;
        } else if (name.equals("_index") && in("docs") && token.isText()) {
            itemIndex = token.name();
        }
    }

    private void fourth(String name, Token token) {
        if (name.equals("_index") && in("items") && token.isText()) {
            itemIndex = token.name();
            indexes.add(itemIndex, 1);
        } else if (name.equals("type") && in("responses") && around(3).equals("error")) {
            first(token);
        }
    }

    private void fifth(String name, Token token) {
        if (name.equals("type") && in("items") && around(4).equals("error")) {
            first(token);
        }
    }

    private void first(Token token) {
        if (itemError == null && token.isText()) {
            itemError = token.name();
        }
    }
}
