package dev.weir.http;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpRequest;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The copies of one request, as its route wants them. */
final class Shadows {
    private @Nullable List<Shadow> all;

    /** Begins those whose turn it is. */
    void begin(HttpLoop home, Route route, HttpRequest head, boolean bodyless, long hash) {
        List<RouteMirror> mirrors = route.mirrors();
        for (int i = 0; i < mirrors.size(); i++) {
            if (mirrors.get(i).chosen()) {
                if (all == null) {
                    all = new ArrayList<>(1);
                }
                all.add(new Shadow(home, mirrors.get(i).to(), route.timeouts(), head, bodyless, hash));
            }
        }
    }

    /** More of the body, lent. */
    void copy(ByteBuf data, boolean end) {
        if (all != null) {
            all.forEach(shadow -> shadow.copy(data, end));
        }
    }

    /** The request will not be complete. */
    void giveUp() {
        if (all != null) {
            all.forEach(Shadow::giveUp);
        }
    }
}
