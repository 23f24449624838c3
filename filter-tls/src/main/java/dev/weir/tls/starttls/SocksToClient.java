package dev.weir.tls.starttls;

import static dev.weir.core.filter.Side.CLIENT;

import dev.weir.core.config.Address;
import dev.weir.core.filter.Side;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.util.NetUtil;
import java.nio.charset.StandardCharsets;

/**
 * A client that asks for a connection as of a SOCKS proxy: versions 4, 4a and 5 (RFC 1928) without authentication, CONNECT alone.
 *
 * <pre>
 *   4   [4] [1] [port 2] [IPv4 4] [user… 0] ([name… 0] where the address is 0.0.0.x)
 *   5   [5] [n] [method n]        then        [5] [1] [0] [type] [address] [port 2]
 * </pre>
 *
 * The answer says that it is granted before the target is connected to, as in stunnel; so a target that is not there, or may not be gone to, shows as
 * the end of the connection. What is written as an address of this machine itself is refused with an answer.
 */
final class SocksToClient extends Talk {
    private static final int MAX_TEXT = 255;

    private boolean greeted;

    @Override
    boolean choosesTarget() {
        return true;
    }

    @Override
    void begin(Wire wire) {
        wire.listen(CLIENT);
    }

    @Override
    void direct(Wire wire) {
        begin(wire); // the request comes inside
    }

    @Override
    int read(Wire wire, Side from, ByteBuf data) {
        int version = data.getByte(data.readerIndex());
        if (version == 4 && !greeted) {
            return version4(wire, data);
        }
        if (version != 5) {
            wire.fail(CLIENT, "SOCKS version " + version);
            return data.readableBytes();
        }
        return greeted ? version5(wire, data) : methods(wire, data);
    }

    private static int version4(Wire wire, ByteBuf data) {
        int have = data.readableBytes();
        if (have < 9) {
            return 0;
        }
        int user = text(data, 8);
        if (user <= 0) {
            return endless4(wire, user, have);
        }
        int at = data.readerIndex();
        int end = user;
        String host = NetUtil.bytesToIpAddress(ByteBufUtil.getBytes(data, at + 4, 4));
        if (data.getMedium(at + 4) == 0 && data.getByte(at + 7) != 0) {
            end = text(data, user);
            if (end <= 0) {
                return endless4(wire, end, have);
            }
            host = data.toString(at + user, end - user - 1, StandardCharsets.ISO_8859_1);
        }
        Address target = target(host, data.getUnsignedShort(at + 2));
        if (data.getByte(at + 1) == 1 && target != null) {
            wire.target(target);
            wire.send(CLIENT, new byte[] {0, 90, 0, 0, 0, 0, 0, 0});
            wire.startTls();
        } else {
            wire.send(CLIENT, new byte[] {0, 91, 0, 0, 0, 0, 0, 0});
            wire.fail(CLIENT, "a SOCKS 4 request that is not granted");
        }
        return end;
    }

    private static int endless4(Wire wire, int end, int have) {
        if (end < 0) {
            wire.fail(CLIENT, "a SOCKS 4 request with an endless text");
            return have;
        }
        return 0;
    }

    /** Where the text at {@code from} has ended, its 0 included; 0 if more bytes are needed, -1 if it is too long. */
    private static int text(ByteBuf data, int from) {
        int there = data.readableBytes() - from;
        int length =
                there <= 0 ? -1 : data.bytesBefore(data.readerIndex() + from, Math.min(there, MAX_TEXT + 1), (byte) 0);
        if (length >= 0) {
            return from + length + 1;
        }
        return there > MAX_TEXT ? -1 : 0;
    }

    private int methods(Wire wire, ByteBuf data) {
        int at = data.readerIndex();
        int have = data.readableBytes();
        if (have < 2 || have < 2 + data.getUnsignedByte(at + 1)) {
            return 0;
        }
        int methods = data.getUnsignedByte(at + 1);
        if (methods > 0 && data.bytesBefore(at + 2, methods, (byte) 0) >= 0) {
            greeted = true;
            wire.send(CLIENT, new byte[] {5, 0});
        } else {
            wire.send(CLIENT, new byte[] {5, (byte) 0xff});
            wire.fail(CLIENT, "a SOCKS 5 client that insists on authentication");
        }
        return 2 + methods;
    }

    private static int version5(Wire wire, ByteBuf data) {
        int at = data.readerIndex();
        int have = data.readableBytes();
        if (have < 5) {
            return 0;
        }
        int type = data.getByte(at + 3);
        int first = type == 3 ? 5 : 4;
        int length = switch (type) {
            case 1 -> 4;
            case 3 -> data.getUnsignedByte(at + 4);
            case 4 -> 16;
            default -> 0;
        };
        if (length == 0) {
            return refuse5(wire, 8, have);
        }
        int end = first + length + 2;
        if (have < end) {
            return 0;
        }
        String host = type == 3
                ? data.toString(at + 5, length, StandardCharsets.ISO_8859_1)
                : NetUtil.bytesToIpAddress(ByteBufUtil.getBytes(data, at + 4, length));
        Address target = target(host, data.getUnsignedShort(at + first + length));
        if (data.getByte(at + 1) != 1) {
            return refuse5(wire, 7, end);
        }
        if (target == null) {
            return refuse5(wire, 2, end);
        }
        wire.target(target);
        wire.send(CLIENT, answer5(0));
        wire.startTls();
        return end;
    }

    private static int refuse5(Wire wire, int code, int used) {
        wire.send(CLIENT, answer5(code));
        wire.fail(CLIENT, "a SOCKS 5 request that is not granted: " + code);
        return used;
    }

    private static byte[] answer5(int code) {
        return new byte[] {5, (byte) code, 0, 1, 0, 0, 0, 0, 0, 0};
    }

    /** Null if it is none to go to. Where a name leads is looked at by the terminal. */
    private static @org.jspecify.annotations.Nullable Address target(String host, int port) {
        boolean sound = port != 0
                && !host.isEmpty()
                && host.chars().allMatch(c -> c > ' ' && c < 0x7f && c != '/' && c != '[' && c != ']');
        if (!sound) {
            return null;
        }
        byte[] address = NetUtil.createByteArrayFromIpAddressString(host);
        return address != null && isOwn(address) ? null : new Address(host, port);
    }

    private static boolean isOwn(byte[] address) {
        try {
            java.net.InetAddress literal = java.net.InetAddress.getByAddress(address);
            return literal.isLoopbackAddress() || literal.isAnyLocalAddress();
        } catch (java.net.UnknownHostException e) {
            return true; // of a length that no address has
        }
    }
}
