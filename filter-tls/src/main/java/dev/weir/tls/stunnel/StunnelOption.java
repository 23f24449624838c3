package dev.weir.tls.stunnel;

import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * An option of {@code stunnel.conf}.
 *
 * @param name as the manual spells it
 * @param global whether it may stand only before the first section
 * @param fate what becomes of it here
 * @param remark why it has no effect, where that is so
 * @param check answers what is wrong with a value, in stunnel's words, or null
 */
record StunnelOption(String name, boolean global, Fate fate, String remark, Check check) {
    /** What becomes of an option. */
    enum Fate {
        /** It does here what it does in stunnel, or is refused with a reason where it cannot. */
        DONE,
        /** It has no effect, and that is said. */
        IGNORED
    }

    /** Looks at a value. */
    interface Check extends UnaryOperator<@Nullable String> {
        /** Any text is good. */
        Check ANY = value -> null;
    }
}
