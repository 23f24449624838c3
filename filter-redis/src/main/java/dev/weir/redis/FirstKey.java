package dev.weir.redis;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.HotKeys;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The first key of a command, as its client calls it. Made only where it is shown or counted.
 *
 * @param shown for exchanges: its begin, if it is long; null if it is not shown
 * @param counted for the table of hot keys: its begin; null if it is not in the sample
 */
record FirstKey(@Nullable String shown, byte @Nullable [] counted) {
    /** Null if nobody wants it. */
    static @Nullable FirstKey of(ProxyLoop home, CommandInfo info, CommandReader command, ByteBuf buf) {
        HotKeys.Recorder recorder = home.shared.hotKeys;
        boolean counts = recorder != null && info.readsKeys() && recorder.sample();
        if (!counts && !home.settings.keys() || !info.readsKeys()) {
            return null;
        }
        home.keys.find(info, command, buf);
        if (home.keys.size() == 0) {
            return null;
        }
        int key = home.keys.position(0);
        int at = command.start() + command.at(key);
        String shown = home.settings.keys()
                ? buf.toString(at, Math.min(command.length(key), Loop.SCRATCH), StandardCharsets.UTF_8)
                : null;
        byte[] counted = null;
        if (counts && recorder != null) {
            counted = new byte[Math.min(command.length(key), recorder.maxKeyBytes())];
            buf.getBytes(at, counted);
        }
        return new FirstKey(shown, counted);
    }

    /** The command has ended. */
    void count(HotKeys.@Nullable Recorder recorder, Exchange exchange) {
        if (recorder != null && counted != null && exchange.status != Exchange.Status.ABORTED) {
            recorder.record(
                    exchange.namespace,
                    counted,
                    0,
                    counted.length,
                    exchange.requestBytes,
                    Math.max(0, exchange.responseBytes),
                    exchange.longWait ? 0 : Math.max(0, exchange.durationNanos));
        }
    }
}
