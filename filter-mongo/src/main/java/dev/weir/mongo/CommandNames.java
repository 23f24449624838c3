package dev.weir.mongo;

import dev.weir.core.protocol.Command;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The commands of MongoDB 3.6 to 9, for the gate: a closed set, found without making a text. Case does not matter, as
 * some servers are lenient there, and as all have commands that are spelled in two ways.
 */
final class CommandNames {
    /** A command. There is one object of each, so they are compared as such. */
    static final class Entry {
        private final String name;
        private final boolean reads;
        private final Command.Kind kind;
        private final boolean confined;

        Entry(String name, boolean reads) {
            this.name = name;
            this.reads = reads;
            this.kind = LOGIN.contains(name)
                    ? Command.Kind.LOGIN
                    : SESSION.contains(name) ? Command.Kind.SESSION : reads ? Command.Kind.READ : Command.Kind.WRITE;
            this.confined = !FAR.contains(name);
        }

        /** What it is to policies, if it {@link #reads} as said here. */
        Command.Kind kind() {
            return kind;
        }

        /** Whether it runs in the database it names first, and in no other. */
        boolean confined() {
            return confined;
        }

        /** As the server spells it. */
        String name() {
            return name;
        }

        /**
         * Whether it changes no data and no settings. True of log-ins, sessions and the ends of transactions, too: a client that
         * may only read needs them, and what it wrote before was judged on its own.
         */
        boolean reads() {
            return reads;
        }
    }

    /** What a client needs to get to know a server, and to log in. */
    private static final Set<String> LOGIN =
            Set.of("hello", "isMaster", "saslStart", "saslContinue", "authenticate", "getnonce", "logout", "ping");

    /** What touches no data, or only ends what was judged before. Drivers send these to {@code admin}. */
    private static final Set<String> SESSION = Set.of(
            "abortTransaction",
            "buildInfo",
            "commitTransaction",
            "connectionStatus",
            "endSessions",
            "getLastError",
            "refreshSessions",
            "startSession",
            "whatsmyuri");

    /** What names further databases, or whole collections with theirs, in its fields. */
    private static final Set<String> FAR = Set.of(
            "_OTHER",
            "applyOps",
            "bulkWrite",
            "clone",
            "cloneCollection",
            "cloneDatabase",
            "copydb",
            "explain",
            "internalRenameIfOptionsAndIndexesMatch",
            "mapReduce",
            "mapreduce.shardedfinish",
            "renameCollection");

    /** What is in no list. */
    static final Entry OTHER = new Entry("_OTHER", false);

    /** Longest name that is looked up. */
    static final int LONGEST = 64;

    private static final String READS = """
            _isSelf _mergeAuthzCollections abortTransaction aggregate analyzeShardKey authenticate availableQueryOptions
            balancerCollectionStatus balancerStatus buildInfo checkMetadataConsistency checkShardingIndex collStats
            commitTransaction connPoolStats connectionStatus coordinateCommitTransaction copydbgetnonce count currentOp dataSize
            dbHash dbStats distinct driverOIDTest echo endSessions explain exportCollection features filemd5 find geoNear
            geoSearch getAuditConfig getChangeStreamState getClusterParameter getCmdLineOpts getDatabaseVersion
            getDefaultRWConcern getDiagnosticData getFreeMonitoringStatus getLastError getLog getMore getParameter getPrevError
            getQueryableEncryptionCountInfo getShardMap getShardVersion getTransitionToDedicatedConfigServerStatus getnonce
            group hello hostInfo isMaster isdbgrid killCursors listCollections listCommands listDatabases
            listDatabasesForAllTenants listIndexes listShards lockInfo logout medianKey netstat oidcListKeys
            parallelCollectionScan ping planCacheListFilters planCacheListPlans planCacheListQueryShapes refreshSessions
            replSetGetConfig replSetGetRBID replSetGetStatus resetError rolesInfo saslContinue saslStart serverStatus
            shardConnPoolStats shardDrainingStatus shardingState splitVector startSession top usersInfo whatsmysni
            whatsmyuri
            """;

    private static final String WRITES = """
            _killOperations abortMoveCollection abortReshardCollection abortRewriteCollection abortUnshardCollection addShard
            addShardToZone analyze appendOplogNote applyOps autoCompact autoSplitVector balancerStart balancerStop bulkWrite
            captrunc cleanupOrphaned cleanupReshardCollection cleanupStructuredEncryptionData clearJumboFlag clearLog clone
            cloneCollection cloneCollectionAsCapped cloneDatabase collMod commitReshardCollection
            commitTransitionToDedicatedConfigServer compact compactStructuredEncryptionData configureCollectionBalancing
            configureFailPoint configureQueryAnalyzer connPoolSync convertToCapped copydb copydbsaslstart cpuload create
            createIndexes createRole createSearchIndexes createUnsplittableCollection createUser dbCheck delete diagLogging drop
            dropAllRolesFromDatabase dropAllUsersFromDatabase dropConnections dropDatabase dropIndexes dropRole dropSearchIndex
            dropUser emptycapped enableSharding eval findAndModify flushRouterConfig forceerror fsync fsyncUnlock godinsert
            grantPrivilegesToRole grantRolesToRole grantRolesToUser handshake httpClientRequest insert
            internalRenameIfOptionsAndIndexesMatch invalidateUserCache journalLatencyTest killAllSessions
            killAllSessionsByPattern killOp killSessions logApplicationMessage logMessage logRotate makeSnapshot mapReduce
            mapreduce.shardedfinish mergeAllChunksOnShard mergeChunks moveChunk moveCollection movePrimary moveRange multicast
            oidcRefreshKeys pinHistoryReplicated planCacheClear planCacheClearFilters planCacheSetFilter prepareTransaction
            profile reIndex reapLogicalSessionCacheNow refineCollectionShardKey refreshLogicalSessionCacheNow releaseMemory
            removeQuerySettings removeShard removeShardFromZone renameCollection repairCursor repairDatabase
            repairShardedCollectionChunksHistory replSetAbortPrimaryCatchUp replSetElect replSetFreeze replSetFresh
            replSetHeartbeat replSetInitiate replSetMaintenance replSetReconfig replSetRequestVotes replSetResizeOplog
            replSetStepDown replSetStepUp replSetSyncFrom replSetTest replSetTestEgress replSetUpdatePosition reshardCollection
            resync revokePrivilegesFromRole revokeRolesFromRole revokeRolesFromUser rewriteCollection rotateCertificates
            rotateFTDC setAllowMigrations setAuditConfig setChangeStreamState setClusterParameter setDefaultRWConcern
            setFeatureCompatibilityVersion setFreeMonitoring setIndexCommitQuorum setParameter setProfilingFilterGlobally
            setQuerySettings setShardVersion setUserWriteBlockMode shardCollection shutdown sleep split splitChunk stageDebug
            startRecordingTraffic startTrafficRecording stopRecordingTraffic stopTrafficRecording sysprofile testDeprecation
            testRemoval testVersion2 testVersions1And2 touch transitionFromDedicatedConfigServer
            transitionToDedicatedConfigServer unsetSharding unshardCollection update updateRole updateSearchIndex updateUser
            updateZoneKeyRange validate validateDBMetadata voteCommitIndexBuild waitForFailPoint writeBacksQueued
            writebacklisten
            """;

    private static final int SLOTS = 1024;
    private static final Entry[] ENTRIES = new Entry[SLOTS];
    private static final byte[][] SPELLINGS = new byte[SLOTS][];

    static final Entry FIND;
    static final Entry INSERT;
    static final Entry UPDATE;
    static final Entry DELETE;
    static final Entry GET_MORE;
    static final Entry KILL_CURSORS;
    static final Entry AGGREGATE;
    static final Entry BULK_WRITE;
    static final Entry CURRENT_OP;
    static final Entry KILL_OP;
    static final Entry FSYNC_UNLOCK;
    static final Entry HELLO;
    static final Entry IS_MASTER;
    static final Entry REPL_SET_GET_STATUS;
    static final Entry REPL_SET_GET_CONFIG;

    static {
        addAll(READS, true);
        addAll(WRITES, false);
        put("deleteIndexes", entry("dropIndexes"));
        put("$eval", entry("eval"));
        FIND = entry("find");
        INSERT = entry("insert");
        UPDATE = entry("update");
        DELETE = entry("delete");
        GET_MORE = entry("getMore");
        KILL_CURSORS = entry("killCursors");
        AGGREGATE = entry("aggregate");
        BULK_WRITE = entry("bulkWrite");
        CURRENT_OP = entry("currentOp");
        KILL_OP = entry("killOp");
        FSYNC_UNLOCK = entry("fsyncUnlock");
        HELLO = entry("hello");
        IS_MASTER = entry("isMaster");
        REPL_SET_GET_STATUS = entry("replSetGetStatus");
        REPL_SET_GET_CONFIG = entry("replSetGetConfig");
    }

    private CommandNames() {}

    private static void addAll(String names, boolean reads) {
        for (String name : names.split("\\s+", -1)) {
            if (!name.isEmpty()) {
                put(name, new Entry(name, reads));
            }
        }
    }

    private static void put(String spelling, Entry entry) {
        byte[] bytes = spelling.toLowerCase(Locale.ROOT).getBytes(StandardCharsets.US_ASCII);
        int at = slot(bytes, bytes.length);
        while (SPELLINGS[at] != null) {
            at = (at + 1) % SLOTS;
        }
        SPELLINGS[at] = bytes;
        ENTRIES[at] = entry;
    }

    /** The names of all, {@link #OTHER} among them. */
    static Set<String> all() {
        Set<String> names = new TreeSet<>();
        names.add(OTHER.name());
        for (Entry entry : ENTRIES) {
            if (entry != null) {
                names.add(entry.name());
            }
        }
        return names;
    }

    private static Entry entry(String name) {
        Entry found = known(name);
        if (found == null) {
            throw new IllegalStateException(name);
        }
        return found;
    }

    /** The command that is spelled so, or null. */
    static @Nullable Entry known(String name) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        Entry found = find(bytes, bytes.length);
        return found == OTHER ? null : found;
    }

    /** The command whose name is the first {@code length} bytes, or {@link #OTHER}. */
    static Entry find(byte[] name, int length) {
        if (length > LONGEST) {
            return OTHER;
        }
        for (int at = slot(name, length); SPELLINGS[at] != null; at = (at + 1) % SLOTS) {
            if (same(SPELLINGS[at], name, length)) {
                return ENTRIES[at];
            }
        }
        return OTHER;
    }

    /** The command that takes a sequence of documents called so, or {@link #OTHER}. */
    static Entry withSequence(byte[] name, int length) {
        return switch (new String(name, 0, length, StandardCharsets.ISO_8859_1)) {
            case "documents" -> INSERT;
            case "updates" -> UPDATE;
            case "deletes" -> DELETE;
            case "ops", "nsInfo" -> BULK_WRITE;
            default -> OTHER;
        };
    }

    private static int slot(byte[] name, int length) {
        int hash = 0x811C9DC5;
        for (int i = 0; i < length; i++) {
            hash = (hash ^ lower(name[i])) * 0x01000193;
        }
        return (hash ^ hash >>> 15) & SLOTS - 1;
    }

    private static boolean same(byte[] spelling, byte[] name, int length) {
        if (spelling.length != length) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            if (spelling[i] != lower(name[i])) {
                return false;
            }
        }
        return true;
    }

    private static byte lower(byte b) {
        return b >= 'A' && b <= 'Z' ? (byte) (b + 32) : b;
    }
}
