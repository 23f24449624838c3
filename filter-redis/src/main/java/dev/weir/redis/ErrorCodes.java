package dev.weir.redis;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The codes that errors begin with ({@code WRONGTYPE}), one text each. Scripts can make up codes, so the set is
 * bounded: the first {@value #MOST} are kept, the rest is {@code _OTHER}. Shared by all loops; reads take no lock.
 */
final class ErrorCodes {
    /** What stands for all others. */
    static final String OTHER = "_OTHER";

    static final int MOST = 128;

    private static final int LONGEST = 32;
    private static final List<String> KNOWN = List.of(
            "ERR",
            "WRONGTYPE",
            "MOVED",
            "ASK",
            "CLUSTERDOWN",
            "CROSSSLOT",
            "TRYAGAIN",
            "LOADING",
            "BUSY",
            "BUSYKEY",
            "BUSYGROUP",
            "NOGROUP",
            "READONLY",
            "OOM",
            "NOAUTH",
            "WRONGPASS",
            "NOPERM",
            "NOPROTO",
            "NOSCRIPT",
            "EXECABORT",
            "MISCONF",
            "NOREPLICAS",
            "MASTERDOWN",
            "DENIED",
            "UNBLOCKED",
            "NOTBUSY",
            "UNKILLABLE",
            "INPROG",
            "NOMASTERLINK",
            "NOGOODSLAVE",
            "IOERR",
            "REDIRECT");

    private static final int SLOTS = 512;

    private final AtomicReferenceArray<@Nullable Code> slots = new AtomicReferenceArray<>(SLOTS);
    private int size;

    private record Code(byte[] bytes, String text) {}

    ErrorCodes() {
        KNOWN.forEach(this::add);
    }

    /** The code that the text of an error begins with. */
    String code(byte[] text, int n) {
        int length = 0;
        int hash = 0;
        while (length < n && length <= LONGEST && text[length] != ' ') {
            byte b = text[length];
            boolean capital = b >= 'A' && b <= 'Z';
            if (!capital && (length == 0 || b != '_' && b != '-' && !(b >= '0' && b <= '9'))) {
                return OTHER;
            }
            hash = hash * 31 + b;
            length++;
        }
        if (length == 0 || length > LONGEST) {
            return OTHER;
        }
        String known = find(text, length, hash);
        return known != null ? known : add(new String(text, 0, length, StandardCharsets.US_ASCII));
    }

    private @Nullable String find(byte[] text, int length, int hash) {
        for (int slot = hash & SLOTS - 1; ; slot = slot + 1 & SLOTS - 1) {
            Code code = slots.get(slot);
            if (code == null) {
                return null;
            }
            if (code.bytes.length == length && starts(text, code.bytes)) {
                return code.text;
            }
        }
    }

    private static boolean starts(byte[] text, byte[] code) {
        for (int i = 0; i < code.length; i++) {
            if (text[i] != code[i]) {
                return false;
            }
        }
        return true;
    }

    private synchronized String add(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        int hash = text.hashCode();
        String known = find(bytes, bytes.length, hash);
        if (known != null) {
            return known;
        }
        if (size >= MOST) {
            return OTHER;
        }
        int slot = hash & SLOTS - 1;
        while (slots.get(slot) != null) {
            slot = slot + 1 & SLOTS - 1;
        }
        slots.set(slot, new Code(bytes, text.intern()));
        size++;
        return text.intern();
    }
}
