package dev.weir.redis;

import dev.weir.core.exchange.Exchange.Status;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A command that several shards answer a part of: keeps the parts until all are there, then makes one answer of them. */
abstract class Merge {
    final ProxyLoop home;
    /** What the client waits for; null when it has left. */
    private @Nullable Call whole;

    final Call[] parts;
    private int missing;
    private int started;
    private long bytes;
    private boolean tooMuch;
    /** Bytes that are counted as waiting for the client. */
    private long counted;

    Merge(ProxyLoop home, Call whole, int parts) {
        this.home = home;
        this.whole = whole;
        this.parts = new Call[parts];
        this.missing = parts;
        whole.shards = parts;
        whole.parts = this;
    }

    /** Does something with each part that there is. */
    void each(Consumer<Call> what) {
        for (int i = 0; i < started; i++) {
            what.accept(parts[i]);
        }
    }

    /** A further part, to be sent at once. */
    Call part(int bytes) {
        Call call = whole();
        Call part = home.open(call.info, call.start, bytes);
        part.merge = this;
        part.waits = call.waits;
        part.part = started;
        parts[started++] = part;
        return part;
    }

    @Nullable
    ProxyClient client() {
        return whole == null ? null : whole.client;
    }

    Call whole() {
        if (whole == null) {
            throw new IllegalStateException("the client has left");
        }
        return whole;
    }

    /** Bytes of the answer to a part. */
    void answer(Call part, ByteBuf buf, int from, int length, boolean last) {
        bytes += length;
        if (bytes > home.settings.outputLimit()) {
            tooMuch = true;
        }
        ProxyClient client = client();
        if (tooMuch || client == null) {
            part.dropHeld();
        } else {
            part.hold(buf, from, length);
            counted += length;
            client.held(length);
        }
        if (last) {
            ended(part);
        }
    }

    /** The answer to a part is whole. */
    void ended(Call part) {
        part.done = true;
        if (--missing > 0) {
            return;
        }
        Call call = whole;
        if (call != null) {
            ProxyClient client = call.client;
            if (client != null) {
                client.held(-counted); // before the answer, behind which the call is another one's
            }
            counted = 0;
            call.parts = null;
            if (tooMuch || !sentOn(call)) {
                complete(call);
            }
        }
        free();
    }

    private boolean sentOn(Call call) {
        try {
            return goesOn(call);
        } catch (RuntimeException e) {
            home.fail(call, "ERR an answer of a shard does not fit: " + e.getMessage());
            return true;
        }
    }

    private void complete(Call call) {
        if (tooMuch) {
            home.fail(call, "ERR the answer is longer than client_output_limit allows");
            return;
        }
        ByteBuf out = home.allocator().buffer();
        Call slowest = parts[0];
        for (Call part : parts) {
            slowest = part.end - slowest.end > 0 ? part : slowest;
        }
        if (call.lender != null) {
            call.byWeir = parts[0].byWeir; // its connection still owes the answer
        }
        call.end = slowest.end;
        for (int i = parts.length - 1; i >= 0; i--) {
            call.link = parts[i].link == null ? call.link : parts[i].link; // that of the first one which has one
        }
        try {
            if (failures() > 0) {
                writeWithFailures(out);
            } else {
                write(out);
            }
        } catch (RuntimeException e) {
            out.release();
            home.fail(call, "ERR an answer of a shard does not fit: " + e.getMessage());
            return;
        }
        call.responseBytes = out.readableBytes();
        for (Call part : parts) {
            // Also where it stands in the place of some elements only.
            if (part.status == Status.ERROR && call.status != Status.ERROR) {
                call.status = Status.ERROR;
                call.error = part.error;
            }
        }
        if (out.getByte(out.readerIndex()) == '-') {
            call.status = Status.ERROR;
            int length = Math.min(out.readableBytes() - 1, 64);
            byte[] text = home.scratch(64);
            out.getBytes(out.readerIndex() + 1, text, 0, length);
            call.error = home.errors.code(text, length);
        }
        ProxyClient client = call.client;
        if (client == null) {
            out.release();
        } else {
            client.answerWhole(call, out);
        }
    }

    /** All parts are there: whether the call has been sent on, instead of being answered. */
    boolean goesOn(Call call) {
        return false;
    }

    /** Makes the answer of the parts, which are all there, and none of which is an error. */
    abstract void write(ByteBuf out);

    /** Makes the answer where some parts are errors: one error, if nothing else is said. */
    void writeWithFailures(ByteBuf out) {
        writeFailure(out);
    }

    /** The client has left. */
    void abandon() {
        whole = null;
        if (missing > 0) {
            // What has been answered is of no use; what has not is dropped by its link.
            free();
        }
    }

    private void free() {
        for (int i = 0; i < started; i++) {
            Call part = parts[i];
            if (part.merge == this) {
                part.dropHeld();
                part.dropKept();
                part.merge = null;
                part.done = true;
                part.free();
            }
        }
    }

    // ---- for those who write

    /** The answer to the first part. */
    void copyFirst(ByteBuf out) {
        ByteBuf first = text(0);
        out.writeBytes(first, first.readerIndex(), first.readableBytes());
    }

    /** The answer to a part, only lent. */
    ByteBuf text(int part) {
        return parts[part].lend(home.allocator());
    }

    /** Number of parts that were answered by an error. */
    int failures() {
        int failures = 0;
        for (Call part : parts) {
            failures += part.status == Status.ERROR ? 1 : 0;
        }
        return failures;
    }

    /** Writes one error for those of all parts: as it is if all have failed alike, else with how many failed. */
    void writeFailure(ByteBuf out) {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < parts.length; i++) {
            if (parts[i].status == Status.ERROR) {
                lines.add(Scattering.line(text(i)));
            }
        }
        String line = lines.get(0);
        boolean alike = lines.size() == parts.length && lines.stream().allMatch(line::equals);
        Resp.error(
                out,
                alike
                        ? line
                        : line.substring(0, Math.max(0, line.indexOf(' '))) + ' ' + lines.size() + " of " + parts.length
                                + " shards failed, the first with: " + line);
    }

    /** The whole number that an answer is. */
    static long integer(ByteBuf answer) {
        if (answer.getByte(answer.readerIndex()) != ':') {
            throw new IllegalStateException("a number was expected");
        }
        return Long.parseLong(Scattering.line(answer));
    }
}
