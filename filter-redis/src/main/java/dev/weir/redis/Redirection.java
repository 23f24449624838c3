package dev.weir.redis;

import dev.weir.core.config.Address;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a node of a Redis Cluster answers in place of an answer (cluster specification, "MOVED Redirection", "ASK Redirection").
 *
 * @param kind what it means
 * @param slot the slot; -1 where it is not told
 * @param address who has it; null where it is not told
 */
record Redirection(Kind kind, int slot, @Nullable Address address) {
    /** What a redirection means. */
    enum Kind {
        /** The slot is another node's. */
        MOVED,
        /** This key is with another node already, to which the slot is on its way. */
        ASK,
        /** Of several keys some are with one node and some with the other, as their slot is on its way. */
        TRYAGAIN
    }

    /** As Redis and Valkey word it. Others may be made by scripts, which are not to be carried out again. */
    private static final String TRY_AGAIN = "TRYAGAIN Multiple keys request during rehashing of slot";

    /** Why a command could not be carried out at a shard, for an error. */
    String reason(String shard) {
        return kind == Kind.TRYAGAIN
                ? "the slot of these keys is on its way from shard " + shard + " to another one"
                : "slot " + slot + " has gone from shard " + shard + " to " + address;
    }

    /**
     * Reads the line of an error, without its first byte and its end.
     *
     * @param asked who has answered: where a redirection names no host, it is this one
     * @return null if it is no redirection, or one that cannot be understood
     */
    static @Nullable Redirection read(String line, Address asked) {
        if (line.equals(TRY_AGAIN)) {
            return new Redirection(Kind.TRYAGAIN, -1, null);
        }
        boolean moved = line.startsWith("MOVED ");
        if (!moved && !line.startsWith("ASK ")) {
            return null;
        }
        List<String> words = List.of(line.split(" ", -1));
        int slot = words.size() != 3 ? -1 : Slots.number(words.get(1));
        Address address = words.size() != 3 ? null : address(words.get(2), asked);
        return slot < 0 || address == null ? null : new Redirection(moved ? Kind.MOVED : Kind.ASK, slot, address);
    }

    /** {@code host:port}, where an IPv6 address has no brackets and a host that is not known is missing. */
    private static @Nullable Address address(String text, Address asked) {
        int colon = text.lastIndexOf(':');
        return colon < 0 ? null : address(text.substring(0, colon), text.substring(colon + 1), asked);
    }

    /** The address of a node by what another says of it; null if that is no address. */
    static @Nullable Address address(@Nullable String host, String port, Address asked) {
        String name = host == null || host.isEmpty() ? asked.host() : host;
        try {
            Address address = Address.parse((name.indexOf(':') >= 0 ? "[" + name + "]" : name) + ":" + port);
            return address.isUnix() || address.port() == 0 || name.equals("?") ? null : address;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }
}
