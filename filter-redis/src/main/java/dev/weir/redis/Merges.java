package dev.weir.redis;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.Set;

/** How the parts of an answer become one. */
final class Merges {
    private Merges() {}

    /** All have to say OK. */
    static final class AllOk extends Merge {
        AllOk(ProxyLoop home, Call whole, int parts) {
            super(home, whole, parts);
        }

        @Override
        void write(ByteBuf out) {
            copyFirst(out);
        }
    }

    /** The first answer, if the others are the same. */
    static final class Same extends Merge {
        Same(ProxyLoop home, Call whole, int parts) {
            super(home, whole, parts);
        }

        @Override
        void write(ByteBuf out) {
            ByteBuf first = text(0);
            for (int i = 1; i < parts.length; i++) {
                if (!first.equals(text(i))) {
                    Resp.error(out, "ERR the shards do not answer alike");
                    return;
                }
            }
            copyFirst(out);
        }
    }

    /** Numbers, added up. */
    static final class Sum extends Merge {
        Sum(ProxyLoop home, Call whole, int parts) {
            super(home, whole, parts);
        }

        @Override
        void write(ByteBuf out) {
            long sum = 0;
            for (int i = 0; i < parts.length; i++) {
                sum += integer(text(i));
            }
            Resp.integer(out, sum);
        }
    }

    /** Numbers, or arrays of them: of each place the least. */
    static final class Least extends Merge {
        Least(ProxyLoop home, Call whole, int parts) {
            super(home, whole, parts);
        }

        @Override
        void write(ByteBuf out) {
            if (text(0).getByte(text(0).readerIndex()) == ':') {
                long least = Long.MAX_VALUE;
                for (int i = 0; i < parts.length; i++) {
                    least = Math.min(least, integer(text(i)));
                }
                Resp.integer(out, least);
                return;
            }
            Elements.Walk[] walks = Elements.walks(this);
            long count = walks[0].count;
            Resp.arrayHeader(out, count);
            for (long i = 0; i < count; i++) {
                long least = Long.MAX_VALUE;
                for (Elements.Walk walk : walks) {
                    walk.next();
                    least = Math.min(least, walk.number());
                }
                Resp.integer(out, least);
            }
        }
    }

    /** Arrays, one behind the other. */
    static final class Joined extends Merge {
        Joined(ProxyLoop home, Call whole, int parts) {
            super(home, whole, parts);
        }

        @Override
        void write(ByteBuf out) {
            Elements.Walk[] walks = Elements.walks(this);
            long count = 0;
            for (Elements.Walk walk : walks) {
                count += walk.count;
            }
            Resp.arrayHeader(out, count);
            for (Elements.Walk walk : walks) {
                out.writeBytes(walk.answer, walk.at, walk.answer.writerIndex() - walk.at);
            }
        }
    }

    /** Arrays of texts: each of them once. */
    static final class Distinct extends Merge {
        Distinct(ProxyLoop home, Call whole, int parts) {
            super(home, whole, parts);
        }

        @Override
        void write(ByteBuf out) {
            Set<ByteBuf> elements = new LinkedHashSet<>();
            for (Elements.Walk walk : Elements.walks(this)) {
                for (long i = 0; i < walk.count; i++) {
                    walk.next();
                    elements.add(walk.answer.slice(walk.from, walk.at - walk.from));
                }
            }
            Resp.arrayHeader(out, elements.size());
            elements.forEach(element -> out.writeBytes(element, element.readerIndex(), element.readableBytes()));
        }
    }

    /** Arrays of the same names, each with a number: the numbers are added up. */
    static final class Pairs extends Merge {
        Pairs(ProxyLoop home, Call whole, int parts) {
            super(home, whole, parts);
        }

        @Override
        void write(ByteBuf out) {
            Elements.Walk[] walks = Elements.walks(this);
            long count = walks[0].count;
            Resp.arrayHeader(out, count);
            for (long i = 0; i < count; i += 2) {
                long sum = 0;
                for (int part = 0; part < walks.length; part++) {
                    Elements.Walk walk = walks[part];
                    walk.next();
                    if (part == 0) {
                        out.writeBytes(walk.answer, walk.from, walk.at - walk.from);
                    }
                    walk.next();
                    sum += walk.number();
                }
                Resp.integer(out, sum);
            }
        }
    }

    /** The greatest of some numbers. */
    static final class Most extends Merge {
        Most(ProxyLoop home, Call whole, int parts) {
            super(home, whole, parts);
        }

        @Override
        void write(ByteBuf out) {
            long most = 0;
            for (int i = 0; i < parts.length; i++) {
                most = Math.max(most, integer(text(i)));
            }
            Resp.integer(out, most);
        }
    }

    /** The elements of the answers in the order of the keys; where a shard failed, its error in their place. */
    static final class Elements extends Merge {
        private final int[] owners;

        /** @param owners of each key, which part holds it */
        Elements(ProxyLoop home, Call whole, int parts, int[] owners) {
            super(home, whole, parts);
            this.owners = owners;
        }

        /** A way through the elements of an array. */
        static final class Walk {
            final ByteBuf answer;
            long count = -1;
            int at;
            int from;

            Walk(ByteBuf answer) {
                this.answer = answer;
                this.at = answer.readerIndex();
                if (answer.getByte(at) == '*' || answer.getByte(at) == '~') {
                    count = header();
                }
            }

            /** The number in the line at hand; behind it the walk goes on. */
            private long header() {
                int end = answer.indexOf(at, answer.writerIndex(), (byte) '\r');
                if (end < 0) {
                    throw new IllegalStateException("a line has no end");
                }
                long number = Long.parseLong(answer.toString(at + 1, end - at - 1, StandardCharsets.US_ASCII));
                at = end + 2;
                return number;
            }

            /** Goes to the next element, which is a text, a number or nothing: from {@link #from} to {@link #at}. */
            void next() {
                from = at;
                byte type = answer.getByte(at);
                if (type == '$' || type == '=') {
                    long length = header();
                    at += length < 0 ? 0 : (int) length + 2;
                } else if (type == '_') {
                    at += 3;
                } else if (type == ':' || type == '+' || type == '-' || type == '#' || type == ',' || type == '(') {
                    int end = answer.indexOf(at, answer.writerIndex(), (byte) '\n');
                    at = end + 1;
                } else {
                    throw new IllegalStateException("an element of type " + (char) type);
                }
            }

            long number() {
                return Long.parseLong(answer.toString(from + 1, at - from - 3, StandardCharsets.US_ASCII));
            }
        }

        static Walk[] walks(Merge merge) {
            Walk[] walks = new Walk[merge.parts.length];
            for (int i = 0; i < walks.length; i++) {
                walks[i] = new Walk(merge.text(i));
                if (walks[i].count < 0) {
                    throw new IllegalStateException("an array was expected");
                }
            }
            return walks;
        }

        @Override
        void writeWithFailures(ByteBuf out) {
            write(out);
        }

        @Override
        void write(ByteBuf out) {
            Walk[] walks = new Walk[parts.length];
            for (int i = 0; i < walks.length; i++) {
                walks[i] = new Walk(text(i));
            }
            Resp.arrayHeader(out, owners.length);
            for (int owner : owners) {
                Walk walk = walks[owner];
                if (walk.count < 0) {
                    out.writeBytes(walk.answer, walk.answer.readerIndex(), walk.answer.readableBytes());
                } else {
                    walk.next();
                    out.writeBytes(walk.answer, walk.from, walk.at - walk.from);
                }
            }
        }
    }

    /** Copies the keys that a shard tells, which begin where the walk is. */
    interface Keys {
        void copy(AnswerWalk walk, ByteBuf out);
    }

    /** The answer of one shard to SCAN, with a cursor that tells the shard, or the begin of the next one. */
    static final class Scan extends Merge {
        private final int shard;
        private final int shards;
        private final int bits;
        private final Keys keys;

        Scan(ProxyLoop home, Call whole, int shard, int shards, int bits, Keys keys) {
            super(home, whole, 1);
            this.shard = shard;
            this.shards = shards;
            this.bits = bits;
            this.keys = keys;
        }

        @Override
        void write(ByteBuf out) {
            AnswerWalk walk = new AnswerWalk(text(0));
            walk.count();
            long own = Long.parseUnsignedLong(new String(walk.bytes(), StandardCharsets.US_ASCII));
            if (own >>> bits != 0) {
                throw new IllegalStateException("a cursor of more than " + bits + " bits");
            }
            int next = own == 0 ? shard + 1 : shard;
            long cursor = next == shards ? 0 : (long) next << bits | own;
            Resp.arrayHeader(out, 2);
            Resp.bulk(out, Long.toString(cursor));
            keys.copy(walk, out);
        }
    }
}
