package dev.weir.tls.starttls;

import static dev.weir.core.filter.Side.UPSTREAM;

import dev.weir.core.config.Address;
import dev.weir.core.filter.Side;
import io.netty.buffer.ByteBuf;
import io.netty.util.NetUtil;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** A SOCKS 5 proxy (RFC 1928, RFC 1929) that is asked for a connection to the {@code host} of the configuration. */
final class SocksToUpstream extends Talk {
    private enum Step {
        METHOD,
        PASSWORD,
        ANSWER
    }

    private final TalkSettings settings;
    private final Address target;
    private Step step = Step.METHOD;

    SocksToUpstream(TalkSettings settings, Address target) {
        this.settings = settings;
        this.target = target;
    }

    @Override
    void begin(Wire wire) {
        wire.send(UPSTREAM, new byte[] {5, 1, (byte) (settings.username() == null ? 0 : 2)});
        wire.listen(UPSTREAM);
    }

    @Override
    int read(Wire wire, Side from, ByteBuf data) {
        int at = data.readerIndex();
        if (data.readableBytes() < 2) {
            return 0;
        }
        return switch (step) {
            case METHOD -> method(wire, data.getByte(at), data.getByte(at + 1));
            case PASSWORD -> password(wire, data.getByte(at), data.getByte(at + 1));
            case ANSWER -> answer(wire, data, at);
        };
    }

    private int method(Wire wire, int version, int method) {
        String username = settings.username();
        if (version != 5 || method != (username == null ? 0 : 2)) {
            wire.fail(UPSTREAM, "a SOCKS proxy of version " + version + " with method " + method);
        } else if (username == null) {
            ask(wire);
        } else {
            step = Step.PASSWORD;
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            out.write(1);
            text(out, username);
            text(out, settings.password());
            wire.send(UPSTREAM, out.toByteArray());
        }
        return 2;
    }

    private int password(Wire wire, int version, int status) {
        if (version != 1 || status != 0) {
            wire.fail(UPSTREAM, "a SOCKS proxy that refuses user and password");
        } else {
            ask(wire);
        }
        return 2;
    }

    private void ask(Wire wire) {
        step = Step.ANSWER;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(new byte[] {5, 1, 0});
        byte[] literal = NetUtil.createByteArrayFromIpAddressString(target.host());
        if (literal == null) {
            out.write(3);
            text(out, target.host());
        } else {
            out.write(literal.length == 4 ? 1 : 4);
            out.writeBytes(literal);
        }
        out.write(target.port() >>> 8);
        out.write(target.port());
        wire.send(UPSTREAM, out.toByteArray());
    }

    /** The configuration has seen to it that it is at most 255 bytes long. */
    private static void text(ByteArrayOutputStream out, @Nullable String text) {
        byte[] bytes = String.valueOf(text).getBytes(StandardCharsets.UTF_8);
        out.write(bytes.length);
        out.writeBytes(bytes);
    }

    private static int answer(Wire wire, ByteBuf data, int at) {
        int have = data.readableBytes();
        if (data.getByte(at) != 5 || data.getByte(at + 1) != 0) {
            wire.fail(UPSTREAM, "the answer " + data.getUnsignedByte(at + 1) + " of the SOCKS proxy");
            return have;
        }
        if (have < 5) {
            return 0;
        }
        int length = switch (data.getByte(at + 3)) {
            case 1 -> 10;
            case 3 -> 7 + data.getUnsignedByte(at + 4);
            case 4 -> 22;
            default -> -1;
        };
        if (length < 0) {
            wire.fail(UPSTREAM, "an answer of the SOCKS proxy with an unknown kind of address");
            return have;
        }
        if (have < length) {
            return 0;
        }
        wire.startTls();
        return length;
    }
}
