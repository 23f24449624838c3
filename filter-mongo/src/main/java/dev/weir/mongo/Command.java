package dev.weir.mongo;

import dev.weir.core.exchange.Operation;
import dev.weir.core.sql.SqlStatement;
import org.jspecify.annotations.Nullable;

/** A command that is under way: what its request said, and then what its answer says. Pooled. */
final class Command {
    static final long UNKNOWN = Long.MIN_VALUE;

    /** In a pool, or in a list of open streams. */
    @Nullable
    Command next;

    // ---- the request

    int requestId;
    /** Id of the answer before, in a stream of answers. */
    int previousAnswer;

    int code = Commands.UNKNOWN;
    Operation operation = Commands.ALL.other();
    long start;
    long sent;
    long requestBytes;
    int compressor = -1;

    @Nullable
    String namespace;

    @Nullable
    String collection;

    /** Further collections, as a list for people. */
    @Nullable
    String target;

    @Nullable
    SqlStatement statement;

    @Nullable
    String text;

    long batch;
    boolean silent;
    boolean exhaust;
    /** A further answer of a stream is due: there is no request for it. */
    boolean streams;

    boolean waits;
    /** A cursor of it waits for documents that are not there yet. */
    boolean tails;

    boolean explains;
    boolean introduces;
    /** Of the time before OP_MSG: the documents of the answer are results. */
    boolean bare;

    long cursor;

    @Nullable
    String cursorOf;

    boolean inTransaction;
    boolean startsTransaction;
    long transaction;

    @Nullable
    String readPreference;

    @Nullable
    String readConcern;

    @Nullable
    String writeConcern;

    long maxTimeMillis;
    boolean scatter;
    boolean multiGet;

    @Nullable
    String callSite;

    @Nullable
    String trace;

    // ---- the answer

    long first;
    long responseBytes;
    boolean ok;
    boolean okSeen;
    int error;
    boolean errorSeen;

    @Nullable
    String codeName;

    @Nullable
    String message;

    @Nullable
    String labels;

    long writeErrors;
    int writeError;
    long writeConcernError;
    long documents;
    long affected;
    long modified;
    long upserted;
    long newCursor;
    boolean cursorSeen;
    boolean lossy;

    // ---- hello's answer

    @Nullable
    String replicaSet;

    @Nullable
    String primary;

    int wireVersion;
    int roles;

    void clear() {
        next = null;
        requestId = 0;
        code = Commands.UNKNOWN;
        operation = Commands.ALL.other();
        start = 0;
        sent = 0;
        requestBytes = 0;
        compressor = -1;
        namespace = null;
        collection = null;
        target = null;
        statement = null;
        text = null;
        batch = -1;
        silent = false;
        exhaust = false;
        streams = false;
        waits = false;
        tails = false;
        explains = false;
        bare = false;
        introduces = false;
        cursor = 0;
        cursorOf = null;
        inTransaction = false;
        startsTransaction = false;
        transaction = 0;
        readPreference = null;
        readConcern = null;
        writeConcern = null;
        maxTimeMillis = -1;
        scatter = false;
        multiGet = false;
        callSite = null;
        trace = null;
        clearAnswer();
    }

    /** For the next answer. */
    void clearAnswer() {
        previousAnswer = 0;
        first = UNKNOWN;
        responseBytes = 0;
        ok = false;
        okSeen = false;
        error = 0;
        errorSeen = false;
        codeName = null;
        message = null;
        labels = null;
        writeErrors = 0;
        writeError = 0;
        writeConcernError = -1;
        documents = -1;
        affected = -1;
        modified = -1;
        upserted = -1;
        newCursor = 0;
        cursorSeen = false;
        lossy = false;
        replicaSet = null;
        primary = null;
        wireVersion = -1;
        roles = 0;
    }
}
