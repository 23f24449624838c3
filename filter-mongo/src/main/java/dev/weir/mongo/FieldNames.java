package dev.weir.mongo;

import java.util.List;

/** Fields of requests that are looked at. */
final class FieldNames {
    static final NameTable TABLE = new NameTable(List.of(
            ("$db lsid txnNumber startTransaction autocommit $readPreference readConcern writeConcern maxTimeMS comment"
                            + " filter query sort pipeline updates deletes documents update key collection remove"
                            + " tailable awaitData client saslSupportedMechs topologyVersion cursors nsInfo explain $query"
                            + " $orderby orderby $comment $maxTimeMS q u ops $explain ns mode level w application driver name"
                            + " version callingFunction traceparent _id $in id")
                    .split(" ", -1)));

    static final int DB = 0;
    static final int SESSION = 1;
    static final int TXN_NUMBER = 2;
    static final int START_TRANSACTION = 3;
    static final int AUTOCOMMIT = 4;
    static final int READ_PREFERENCE = 5;
    static final int READ_CONCERN = 6;
    static final int WRITE_CONCERN = 7;
    static final int MAX_TIME = 8;
    static final int COMMENT = 9;
    static final int FILTER = 10;
    static final int QUERY = 11;
    static final int SORT = 12;
    static final int PIPELINE = 13;
    static final int UPDATES = 14;
    static final int DELETES = 15;
    static final int DOCUMENTS = 16;
    static final int UPDATE = 17;
    static final int KEY = 18;
    static final int COLLECTION = 19;
    static final int REMOVE = 20;
    static final int TAILABLE = 21;
    static final int AWAIT_DATA = 22;
    static final int CLIENT = 23;
    static final int MECHANISMS = 24;
    static final int TOPOLOGY_VERSION = 25;
    static final int CURSORS = 26;
    static final int NS_INFO = 27;
    static final int EXPLAIN = 28;
    static final int OLD_QUERY = 29;
    static final int OLD_SORT = 30;
    static final int OLDER_SORT = 31;
    static final int OLD_COMMENT = 32;
    static final int OLD_MAX_TIME = 33;
    static final int Q = 34;
    static final int U = 35;
    static final int OPS = 36;
    static final int OLD_EXPLAIN = 37;
    static final int NS = 38;
    static final int MODE = 39;
    static final int LEVEL = 40;
    static final int W = 41;
    static final int APPLICATION = 42;
    static final int DRIVER = 43;
    static final int NAME = 44;
    static final int VERSION = 45;
    static final int CALLING_FUNCTION = 46;
    static final int TRACEPARENT = 47;
    static final int ID = 48;
    static final int IN = 49;
    static final int SESSION_ID = 50;

    private FieldNames() {}

    /** Which one it is, or {@link NameTable#NONE}. */
    static int find(byte[] a, int from, int to) {
        return TABLE.find(a, from, to);
    }
}
