package dev.weir.http;

import dev.weir.core.compress.Inflaters;
import dev.weir.core.sql.DigestTable;
import dev.weir.core.sql.SqlMode;
import dev.weir.core.sql.SqlNormalizer;
import dev.weir.core.sql.SqlStatement;
import io.netty.handler.codec.http.HttpRequest;
import org.jspecify.annotations.Nullable;

/** What the observations of one terminal share on one event loop. On that loop only. */
final class ObservationLoop {
    private static final int WINDOW = 8 << 10;
    private static final long INFLATERS = 4 << 20;

    /** Memory for the beginnings of statements. */
    private static final long HEADS = 4 << 20;

    final ObservationSettings settings;
    final Agents agents = new Agents();
    final Texts texts = new Texts();
    final BasicUser users = new BasicUser();

    /** For the running call only: bytes as they came, as they were inflated, with short strings. */
    final byte[] window = new byte[WINDOW];

    final byte[] inflated = new byte[WINDOW];
    final byte[] shortened = new byte[WINDOW];
    final StringBuilder line = new StringBuilder();
    final QueryParameter parameter = new QueryParameter();
    final Inflaters inflaters = new Inflaters(INFLATERS);

    final JsonNames json = new JsonNames();

    /** Whether it was logged that details were lost. */
    boolean failed;

    private final DigestTable digests;
    private @Nullable ClickHouseText clickHouseText;
    private long headBytes;
    private final SqlNormalizer normalizer = new SqlNormalizer();

    ObservationLoop(ObservationSettings settings, DigestTable digests) {
        this.settings = settings;
        this.digests = digests;
    }

    /**
     * What there is to tell of a request beyond plain HTTP, or null.
     *
     * @param target that the upstream gets
     */
    @Nullable
    Details details(HttpRequest head, String target) {
        Details details = settings.grpc == null ? null : GrpcDetails.of(settings.grpc, head, target);
        if (details == null && settings.dynamo != null) {
            details = DynamoDetails.of(this, settings.dynamo, head, target);
        }
        if (details == null && settings.clickhouse != null) {
            details = ClickHouseDetails.of(this, settings.clickhouse, head, target);
        }
        if (details == null && settings.elasticsearch != null) {
            details = ElasticDetails.of(this, settings.elasticsearch, head, target);
        }
        return details;
    }

    /** Takes memory for statements that come in bodies; a negative number gives it back. */
    boolean takeHeads(int bytes) {
        if (headBytes + bytes > HEADS) {
            return false;
        }
        headBytes += bytes;
        return true;
    }

    /** Reads statements of ClickHouse. */
    ClickHouseText clickHouseText() {
        ClickHouseText known = clickHouseText;
        if (known == null) {
            known = new ClickHouseText();
            clickHouseText = known;
        }
        return known;
    }

    /** What is taken. */
    long headBytes() {
        return headBytes;
    }

    /** The normalised form of a statement. */
    SqlStatement statement(byte[] sql, int length, SqlMode mode, boolean cut) {
        normalizer.normalize(sql, 0, length, mode, cut);
        SqlStatement known = digests.find(normalizer.id());
        return known != null ? known : normalizer.statement();
    }
}
