package dev.weir.http;

import dev.weir.core.sql.DigestTable;
import io.netty.handler.codec.http.HttpRequest;
import org.jspecify.annotations.Nullable;

/** What the observations of one terminal share on one event loop. On that loop only. */
final class ObservationLoop {
    final ObservationSettings settings;
    final DigestTable digests;
    final Agents agents = new Agents();
    final Texts texts = new Texts();
    final BasicUser users = new BasicUser();

    ObservationLoop(ObservationSettings settings, DigestTable digests) {
        this.digests = digests;
        this.settings = settings;
    }

    /** What there is to tell of a request beyond plain HTTP, or null. */
    @Nullable
    Details details(HttpRequest head) {
        return null;
    }
}
