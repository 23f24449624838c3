package dev.weir.mongo;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Rewrites the names of members in the document of an answer. All other bytes are copied as they are: fields that are not known
 * here, their order, their types, and what the bson library would write in another way.
 */
final class MemberNames {
    private enum What {
        /** A name that drivers may connect to; an unknown one may be hidden. */
        MEMBER,
        /** An array of such names. */
        MEMBERS,
        /** A name for people to read; an unknown one stays. */
        NAME,
        /** An array of documents. */
        EACH,
        /** A document. */
        INSIDE
    }

    /** What a field is, and what the fields of its documents are. */
    private record Rule(What what, Map<String, Rule> inner) {
        Rule(What what) {
            this(what, Map.of());
        }
    }

    private static final Rule NAME = new Rule(What.NAME);
    private static final Rule MEMBER = new Rule(What.MEMBER);
    private static final Rule MEMBERS = new Rule(What.MEMBERS);

    private static final Map<String, Rule> HELLO =
            Map.of("hosts", MEMBERS, "passives", MEMBERS, "arbiters", MEMBERS, "primary", MEMBER, "me", MEMBER);

    private static final Map<String, Rule> STATUS = Map.of(
            "syncSourceHost",
            NAME,
            "syncingTo",
            NAME,
            "members",
            new Rule(What.EACH, Map.of("name", NAME, "syncSourceHost", NAME, "syncingTo", NAME)));

    private static final Map<String, Rule> CONFIG =
            Map.of("config", new Rule(What.INSIDE, Map.of("members", new Rule(What.EACH, Map.of("host", NAME)))));

    /** Which answer a document is. */
    enum Kind {
        HELLO,
        STATUS,
        CONFIG
    }

    private final Members members;
    private final byte[] bytes;
    private final ByteBuf out;
    private boolean changed;
    private int unknown;

    private MemberNames(Members members, byte[] bytes, ByteBuf out) {
        this.members = members;
        this.bytes = bytes;
        this.out = out;
    }

    /**
     * What came of a document.
     *
     * @param end where it ended in what was read
     * @param changed whether what was written is anything else
     * @param unknown how many names of members are in no mapping
     */
    record Result(int end, boolean changed, int unknown) {}

    /** Writes the document that begins at {@code at} to {@code out}. */
    static Result rewrite(Members members, Kind kind, byte[] bytes, int at, int limit, ByteBuf out) {
        MemberNames names = new MemberNames(members, bytes, out);
        Elements elements = new Elements(bytes, at, limit);
        names.document(elements, rules(kind));
        return new Result(elements.end(), names.changed, names.unknown);
    }

    private static Map<String, Rule> rules(Kind kind) {
        return switch (kind) {
            case HELLO -> HELLO;
            case STATUS -> STATUS;
            case CONFIG -> CONFIG;
        };
    }

    private void document(Elements elements, Map<String, Rule> rules) {
        int start = out.writerIndex();
        out.writeIntLE(0);
        while (elements.next()) {
            Rule rule = rules.get(elements.name());
            if (rule == null || !apply(elements, rule)) {
                out.writeBytes(bytes, elements.start, elements.stop() - elements.start);
            }
        }
        end(start);
    }

    private void end(int start) {
        out.writeByte(0);
        out.setIntLE(start, out.writerIndex() - start);
    }

    /** False if the element is to be copied as it is. */
    private boolean apply(Elements element, Rule rule) {
        return switch (rule.what) {
            case MEMBER, NAME -> element.type == Bson.STRING && name(element, rule.what == What.MEMBER);
            case MEMBERS -> element.type == Bson.ARRAY && members(element);
            case EACH -> element.type == Bson.ARRAY && each(element, rule.inner);
            case INSIDE -> element.type == Bson.DOCUMENT && inside(element, rule.inner);
        };
    }

    private boolean name(Elements element, boolean member) {
        String address = address(element, member);
        if (address == null) {
            boolean hidden = member && members.hidesUnknown();
            changed |= hidden;
            return hidden;
        }
        out.writeBytes(bytes, element.start, element.value - element.start);
        text(address);
        return true;
    }

    /** The address of the member whose name the element is; null if it is unknown. */
    private @Nullable String address(Elements element, boolean member) {
        String name = element.text();
        String address = members.address(name);
        if (address == null && member) {
            unknown++;
        }
        changed |= address != null && !address.equals(name);
        return address;
    }

    private boolean members(Elements array) {
        int start = open(array);
        Elements names = new Elements(bytes, array.value, array.stop());
        int index = 0;
        while (names.next()) {
            String address = names.type == Bson.STRING ? address(names, true) : null;
            if (address == null && names.type == Bson.STRING && members.hidesUnknown()) {
                changed = true;
                continue;
            }
            out.writeByte(names.type);
            out.writeCharSequence(String.valueOf(index++), StandardCharsets.US_ASCII);
            out.writeByte(0);
            if (address == null) {
                out.writeBytes(bytes, names.value, names.stop() - names.value);
            } else {
                text(address);
            }
        }
        end(start);
        return true;
    }

    private boolean each(Elements array, Map<String, Rule> inner) {
        int start = open(array);
        Elements documents = new Elements(bytes, array.value, array.stop());
        while (documents.next()) {
            if (documents.type != Bson.DOCUMENT || !inside(documents, inner)) {
                out.writeBytes(bytes, documents.start, documents.stop() - documents.start);
            }
        }
        end(start);
        return true;
    }

    private boolean inside(Elements element, Map<String, Rule> inner) {
        out.writeBytes(bytes, element.start, element.value - element.start);
        document(new Elements(bytes, element.value, element.stop()), inner);
        return true;
    }

    /** Copies type and name of an array, and begins it. */
    private int open(Elements array) {
        out.writeBytes(bytes, array.start, array.value - array.start);
        int start = out.writerIndex();
        out.writeIntLE(0);
        return start;
    }

    private void text(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        out.writeIntLE(utf8.length + 1).writeBytes(utf8).writeByte(0);
    }
}
