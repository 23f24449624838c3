package dev.weir.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestEncoder;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is read of a client's bytes, for the fuzzer. Whatever comes: nothing is thrown; in pieces it is read as it is in one; and what is passed on, written anew, is read as the
 * same requests: there is no second reading. Targets are read, too.
 */
public final class Http1Fuzz {
    private static final ClientLimits LIMITS =
            new ClientLimits(4_096, 50, 1_024, 100, 1 << 16, 1 << 20, 0, 0, 0, false, false);
    private static final int HEAD = 2;

    private Http1Fuzz() {}

    /** Called by Jazzer. The first two bytes say how the rest is cut. */
    public static void fuzzerTestOneInput(byte[] input) {
        if (input.length <= HEAD) {
            return;
        }
        byte[] bytes = new byte[input.length - HEAD];
        System.arraycopy(input, HEAD, bytes, 0, bytes.length);
        List<String> whole = read(bytes, bytes.length);
        List<String> pieces = read(bytes, 1 + (input[0] & 0xff) % 64);
        check(whole.equals(pieces), "in one: " + whole + ", in pieces: " + pieces);
        byte[] written = write(bytes);
        if (written != null) {
            List<String> again = read(written, written.length);
            List<String> good =
                    whole.stream().filter(line -> !line.equals("refused")).toList();
            check(again.equals(good), "read: " + good + ", passed on as: " + again);
        }
    }

    /** The requests, and {@code refused} for what is none; the bodies without regard to how they were cut. */
    private static List<String> read(byte[] bytes, int piece) {
        EmbeddedChannel channel = new EmbeddedChannel(new Http1RequestDecoder(LIMITS));
        List<String> all = new ArrayList<>();
        StringBuilder body = new StringBuilder();
        for (int at = 0; at < bytes.length; at += piece) {
            channel.writeInbound(Unpooled.copiedBuffer(bytes, at, Math.min(piece, bytes.length - at)));
            for (Object message = channel.readInbound(); message != null; message = channel.readInbound()) {
                take(message, all, body);
            }
        }
        channel.finishAndReleaseAll();
        return all;
    }

    /** As the client's connection does: behind what is refused nothing is looked at. */
    private static void take(Object message, List<String> all, StringBuilder body) {
        if (!all.isEmpty() && all.get(all.size() - 1).equals("refused")) {
            ReferenceCountUtil.release(message);
        } else if (message instanceof HttpRequest head) {
            String problem = problem(head);
            all.add(problem == null ? text(head) : "refused");
        } else if (message instanceof HttpContent content) {
            if (!content.decoderResult().isSuccess()) {
                all.add("refused");
            } else {
                body.append(content.content().toString(StandardCharsets.ISO_8859_1));
                if (content instanceof LastHttpContent last) {
                    all.add("body " + body + " " + names(last.trailingHeaders()));
                    body.setLength(0);
                }
            }
            content.release();
        } else {
            ReferenceCountUtil.release(message);
        }
    }

    private static @Nullable String problem(HttpRequest head) {
        if (!head.decoderResult().isSuccess()) {
            return "" + head.decoderResult().cause();
        }
        try {
            Http1RequestDecoder.check(head);
            head.setUri(target(head));
            return null;
        } catch (Malformed | BadTarget e) {
            return "" + e.getMessage();
        }
    }

    private static String text(HttpRequest head) {
        return head.method() + " " + head.uri() + " " + head.protocolVersion() + " " + names(head.headers());
    }

    private static String names(HttpHeaders headers) {
        StringBuilder all = new StringBuilder();
        headers.forEach(entry ->
                all.append(entry.getKey()).append('=').append(entry.getValue()).append('|'));
        return all.toString();
    }

    /** The target to pass on. */
    private static String target(HttpRequest head) throws BadTarget {
        RequestTarget target = RequestTarget.parse(head, "http", PathRules.DEFAULT);
        String path = target.path();
        check(path.indexOf('\n') < 0 && path.indexOf(' ') < 0 && path.indexOf('\0') < 0, "a path of blanks: " + path);
        check(!path.contains("/../") && !path.endsWith("/.."), "a path that leaves its place: " + path);
        return target.forwarded();
    }

    /** What is passed on, up to the first thing that is refused; null if there is nothing whole. */
    private static byte @Nullable [] write(byte[] bytes) {
        EmbeddedChannel in = new EmbeddedChannel(new Http1RequestDecoder(LIMITS));
        EmbeddedChannel out = new EmbeddedChannel(new HttpRequestEncoder());
        in.writeInbound(Unpooled.copiedBuffer(bytes));
        boolean whole = true;
        for (Object message = in.readInbound(); message != null; message = in.readInbound()) {
            boolean good = message instanceof HttpRequest head
                    ? problem(head) == null
                    : message instanceof HttpContent content
                            && content.decoderResult().isSuccess();
            if (!good) {
                ReferenceCountUtil.release(message);
                break;
            }
            if (message instanceof HttpRequest head && !HttpUtil.isTransferEncodingChunked(head)) {
                head.headers().remove(HttpHeaderNames.TRANSFER_ENCODING);
            }
            whole = message instanceof LastHttpContent;
            out.writeOutbound(message);
        }
        ByteBuf all = Unpooled.buffer();
        for (ByteBuf piece = out.readOutbound(); piece != null; piece = out.readOutbound()) {
            all.writeBytes(piece);
            piece.release();
        }
        in.finishAndReleaseAll();
        out.finishAndReleaseAll();
        return whole ? ByteBufUtil.getBytes(all) : null;
    }

    private static void check(boolean good, String problem) {
        if (!good) {
            throw new AssertionError(problem);
        }
    }

    /** What to begin with: the vectors of the conformance test. */
    static void seeds(Path corpus) throws IOException {
        int number = 0;
        for (Http1Vectors.Vector vector : Http1Vectors.all()) {
            byte[] bytes = ("\u0007\u0000" + vector.bytes()).getBytes(StandardCharsets.ISO_8859_1);
            Files.write(corpus.resolve("vector-" + number++), bytes);
        }
    }
}
