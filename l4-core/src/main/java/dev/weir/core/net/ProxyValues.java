package dev.weir.core.net;

import dev.weir.core.filter.ProxyHeader;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * Walks the values behind the addresses of a header of version 2.
 *
 * <pre>
 *   type: 1 | length: 2 | value        in the value of type SSL: flags: 1 | verification: 4 | further such values
 * </pre>
 */
final class ProxyValues {
    /** A checksum of the whole header. */
    static final int CRC32C = 0x03;
    /** Padding. */
    private static final int NOTHING = 0x04;

    private static final int SSL_FIXED = 5;
    private static final byte[] ZEROS = new byte[4];

    private final byte[] header;
    private final Map<Integer, byte[]> byType = new HashMap<>();
    private int checksumAt;
    private boolean checksumsWrong;

    ProxyValues(byte[] header) {
        this.header = header;
    }

    /** Reads all from {@code at} to the end of the header; false if they do not fit there exactly. */
    boolean read(int at) {
        return at <= header.length && read(at, header.length, true);
    }

    private boolean read(int from, int end, boolean outer) {
        int at = from;
        while (at < end) {
            if (end - at < 3) {
                return false;
            }
            int type = header[at] & 0xff;
            int length = (header[at + 1] & 0xff) << 8 | header[at + 2] & 0xff;
            at += 3;
            if (length > end - at || !take(type, at, length, outer)) {
                return false;
            }
            at += length;
        }
        return true;
    }

    private boolean take(int type, int at, int length, boolean outer) {
        if (type == ProxyHeader.SSL) {
            if (!outer || length < SSL_FIXED || !read(at + SSL_FIXED, at + length, false)) {
                return false;
            }
        } else if (type == CRC32C && outer) {
            checksumsWrong |= length != 4 || checksumAt != 0;
            checksumAt = at;
        }
        if (type != NOTHING) {
            byType.putIfAbsent(type, Arrays.copyOfRange(header, at, at + length));
        }
        return true;
    }

    /** Whether the header has no checksum, or the right one. */
    boolean checksumFits() {
        if (checksumsWrong || checksumAt == 0) {
            return !checksumsWrong;
        }
        CRC32C sum = new CRC32C();
        sum.update(header, 0, checksumAt);
        sum.update(ZEROS);
        sum.update(header, checksumAt + 4, header.length - checksumAt - 4);
        int told = 0;
        for (int i = 0; i < 4; i++) {
            told = told << 8 | header[checksumAt + i] & 0xff;
        }
        return told == (int) sum.getValue();
    }

    Map<Integer, byte[]> byType() {
        return byType;
    }
}
