package dev.weir.mongo;

import dev.weir.core.exchange.Operation;
import dev.weir.core.exchange.Operations;
import java.util.ArrayList;
import java.util.List;

/** The commands of servers from 2.6 to 8.2 (MongoDB manual, "Database Commands"), as the first field of a document names them. */
final class Commands {
    /** What is special about one. */
    static final int READ = 1;

    /** Its value is a collection. */
    static final int COLLECTION = 1 << 1;

    /** Its fields may hold what nobody is to see. */
    static final int SECRET = 1 << 2;

    /** A query that may be told a time limit. */
    static final int LIMITED = 1 << 3;

    /** It tells how many documents it changed. */
    static final int WRITE = 1 << 4;

    static final int UNKNOWN = 0;
    static final int FIND = 1;
    static final int AGGREGATE = 2;
    static final int COUNT = 3;
    static final int DISTINCT = 4;
    static final int GET_MORE = 5;
    static final int INSERT = 6;
    static final int UPDATE = 7;
    static final int DELETE = 8;
    static final int FIND_AND_MODIFY = 9;
    static final int BULK_WRITE = 10;
    static final int KILL_CURSORS = 11;
    static final int HELLO = 12;
    static final int IS_MASTER = 13;
    static final int EXPLAIN = 14;
    static final int COMMIT = 15;
    static final int ABORT = 16;
    static final int SASL_START = 17;
    static final int SASL_CONTINUE = 18;
    static final int AUTHENTICATE = 19;
    static final int OP_COMMAND = 20;

    /** Further names of commands, which servers take. */
    private static final String OTHER_SPELLINGS =
            "ismaster findandmodify buildinfo getlasterror getpreverror reseterror"
                    + " dbstats collstats datasize dbhash mapreduce";

    private static final List<String> NAMES = new ArrayList<>();
    /** Of each name the id of its command. */
    private static final List<Integer> CANONICAL = new ArrayList<>();

    private static final List<Integer> FLAGS = new ArrayList<>();
    private static final List<Operation> OPERATIONS = new ArrayList<>();
    private static final List<Operation> EXPLAINED = new ArrayList<>();

    static final Operations ALL;

    private static final NameTable TABLE;

    static {
        Operations.Builder all = Operations.builder();
        add(all, Operation.OTHER, SECRET);
        add(all, "find", READ | COLLECTION | LIMITED);
        add(all, "aggregate", READ | COLLECTION | LIMITED);
        add(all, "count", READ | COLLECTION | LIMITED);
        add(all, "distinct", READ | COLLECTION | LIMITED);
        add(all, "getMore", READ);
        for (String write : List.of("insert", "update", "delete")) {
            add(all, write, WRITE | COLLECTION);
        }
        add(all, "findAndModify", WRITE | COLLECTION);
        add(all, "bulkWrite", WRITE);
        add(all, "killCursors", COLLECTION);
        for (String secret : List.of("hello", "isMaster")) {
            add(all, secret, READ | SECRET);
        }
        add(all, "explain", READ);
        add(all, "commitTransaction", 0);
        add(all, "abortTransaction", 0);
        for (String secret : List.of("saslStart", "saslContinue", "authenticate")) {
            add(all, secret, SECRET);
        }
        add(all, "OP_COMMAND", SECRET);
        rest(all);
        for (String other : OTHER_SPELLINGS.split(" ", -1)) {
            alias(other);
        }
        alias("deleteIndexes", "dropIndexes");
        ALL = all.build();
        TABLE = new NameTable(NAMES);
    }

    private Commands() {}

    private static void rest(Operations.Builder all) {
        String secret = "getnonce copydb copydbgetnonce copydbsaslstart createUser updateUser logout saslSupportedMechs"
                + " setParameter getParameter internalRenameIfOptionsAndIndexesMatch createDataKey setUserWriteBlockMode"
                + " eval getLog applyOps rotateCertificates streams_startStreamProcessor replSetReconfig replSetInitiate";
        String read = "ping buildInfo collStats connectionStatus connPoolStats currentOp dataSize dbHash dbStats"
                + " getCmdLineOpts getDiagnosticData hostInfo listCollections listCommands listDatabases listIndexes listShards lockInfo"
                + " profile replSetGetConfig replSetGetStatus rolesInfo serverStatus shardConnPoolStats top usersInfo whatsmyuri"
                + " validate features getShardMap getShardVersion isdbgrid balancerStatus balancerCollectionStatus"
                + " getDefaultRWConcern getClusterParameter availableQueryOptions shardingState netstat driverOIDTest getLastError"
                + " getPrevError planCacheListFilters listSearchIndexes geoNear geoSearch parallelCollectionScan mapReduce"
                + " analyze group medianKey checkShardingIndex getShardingReady";
        String collections =
                "collStats validate listIndexes planCacheListFilters geoNear geoSearch parallelCollectionScan"
                        + " mapReduce create drop createIndexes dropIndexes collMod compact reIndex convertToCapped"
                        + " cloneCollectionAsCapped planCacheClear planCacheSetFilter planCacheClearFilters createSearchIndexes"
                        + " dropSearchIndex updateSearchIndex analyze";
        String others = "create drop createIndexes dropIndexes collMod compact reIndex convertToCapped"
                + " cloneCollectionAsCapped planCacheClear planCacheSetFilter planCacheClearFilters createSearchIndexes"
                + " dropSearchIndex updateSearchIndex dropDatabase renameCollection killOp killSessions killAllSessions"
                + " killAllSessionsByPattern endSessions startSession refreshSessions prepareTransaction coordinateCommitTransaction"
                + " createRole updateRole dropRole dropAllRolesFromDatabase grantPrivilegesToRole revokePrivilegesFromRole"
                + " grantRolesToRole revokeRolesFromRole grantRolesToUser revokeRolesFromUser dropUser dropAllUsersFromDatabase"
                + " invalidateUserCache fsync fsyncUnlock logRotate shutdown setFeatureCompatibilityVersion setDefaultRWConcern"
                + " setClusterParameter setIndexCommitQuorum setAllowMigrations cloneCollection clone repairDatabase resetError"
                + " forceerror touch filemd5 logApplicationMessage auditGetOptions logAuditMessage replSetStepDown"
                + " replSetFreeze replSetMaintenance replSetSyncFrom replSetResizeOplog replSetAbortPrimaryCatchUp resync"
                + " addShard addShardToZone removeShard removeShardFromZone enableSharding shardCollection reshardCollection"
                + " refineCollectionShardKey abortReshardCollection commitReshardCollection cleanupReshardCollection unshardCollection"
                + " moveCollection moveChunk moveRange movePrimary mergeChunks mergeAllChunksOnShard split splitVector splitChunk"
                + " balancerStart balancerStop cleanupOrphaned configureCollectionBalancing clearJumboFlag flushRouterConfig"
                + " updateZoneKeyRange transitionFromDedicatedConfigServer transitionToDedicatedConfigServer setProfilingFilterGlobally"
                + " cpuload connectionPoolSync configureFailPoint setShardVersion unsetSharding writebacklisten checkMetadataConsistency"
                + " setQuerySettings removeQuerySettings abortMoveCollection abortUnshardCollection handshake";
        for (String name : secret.split(" ", -1)) {
            add(all, name, SECRET);
        }
        List<String> targets = List.of(collections.split(" ", -1));
        for (String name : read.split(" ", -1)) {
            add(all, name, READ | (targets.contains(name) ? COLLECTION : 0));
        }
        for (String name : others.split(" ", -1)) {
            if (!NAMES.contains(name)) {
                add(all, name, targets.contains(name) ? COLLECTION : 0);
            }
        }
    }

    private static void add(Operations.Builder all, String name, int flags) {
        CANONICAL.add(NAMES.size());
        NAMES.add(name);
        FLAGS.add(flags);
        OPERATIONS.add(all.add(name, (flags & READ) != 0));
        // The server explains these; others it refuses.
        boolean explained = (flags & (LIMITED | WRITE)) != 0 || name.equals("mapReduce") || name.equals("group");
        EXPLAINED.add(explained ? all.add("explain " + name, true) : OPERATIONS.get(OPERATIONS.size() - 1));
    }

    /** The same in lower case throughout. */
    private static void alias(String name) {
        for (int id = 0; id < FLAGS.size(); id++) {
            if (NAMES.get(id).equalsIgnoreCase(name)) {
                alias(name, NAMES.get(id));
                return;
            }
        }
        throw new IllegalStateException(name);
    }

    private static void alias(String name, String of) {
        NAMES.add(name);
        CANONICAL.add(NAMES.indexOf(of));
    }

    /** The command that a field names, or {@link #UNKNOWN}. */
    static int find(byte[] a, int from, int to) {
        int id = TABLE.find(a, from, to);
        return id == NameTable.NONE ? UNKNOWN : CANONICAL.get(id);
    }

    static Operation operation(int id) {
        return OPERATIONS.get(id);
    }

    /** The operation of its explanation. */
    static Operation explained(int id) {
        return EXPLAINED.get(id);
    }

    static boolean is(int id, int flag) {
        return (FLAGS.get(id) & flag) != 0;
    }

    static String name(int id) {
        return NAMES.get(id);
    }
}
