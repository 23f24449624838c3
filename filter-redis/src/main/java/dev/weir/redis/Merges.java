package dev.weir.redis;

import dev.weir.core.exchange.Exchange.Status;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** How the parts of an answer become one. */
final class Merges {
    private Merges() {}

    /** Ways through the parts. */
    private static AnswerWalk[] walks(Merge merge) {
        AnswerWalk[] walks = new AnswerWalk[merge.parts.length];
        for (int i = 0; i < walks.length; i++) {
            walks[i] = new AnswerWalk(merge.text(i));
        }
        return walks;
    }

    /** Enters arrays that have to be of the same length; answers it. */
    private static int enterAlike(AnswerWalk[] walks) {
        int count = walks[0].enter();
        for (int i = 1; i < walks.length; i++) {
            if (walks[i].enter() != count) {
                throw new IllegalStateException("arrays of different lengths");
            }
        }
        return count;
    }

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
            if (new AnswerWalk(text(0)).type() == ':') {
                long least = Long.MAX_VALUE;
                for (int i = 0; i < parts.length; i++) {
                    least = Math.min(least, integer(text(i)));
                }
                Resp.integer(out, least);
                return;
            }
            AnswerWalk[] walks = walks(this);
            int count = enterAlike(walks);
            Resp.arrayHeader(out, count);
            for (int i = 0; i < count; i++) {
                long least = Long.MAX_VALUE;
                for (AnswerWalk walk : walks) {
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
            AnswerWalk[] walks = walks(this);
            long count = 0;
            for (AnswerWalk walk : walks) {
                count += walk.enter();
            }
            Resp.arrayHeader(out, count);
            for (AnswerWalk walk : walks) {
                walk.rest(out);
            }
        }
    }

    /** Entries of the slow logs, the latest first. */
    static final class Latest extends Merge {
        private final long most;

        /** @param most of them; below 0 all */
        Latest(ProxyLoop home, Call whole, int parts, long most) {
            super(home, whole, parts);
            this.most = most < 0 ? Long.MAX_VALUE : most;
        }

        private record Entry(long time, ByteBuf bytes) {}

        @Override
        void write(ByteBuf out) {
            List<Entry> entries = new ArrayList<>();
            for (AnswerWalk walk : walks(this)) {
                int count = walk.enter();
                for (int i = 0; i < count; i++) {
                    int from = walk.at();
                    AnswerWalk entry = walk.fork();
                    entry.enter();
                    entry.skip(); // its number is one of the shard
                    long time = entry.number();
                    walk.skip();
                    entries.add(new Entry(time, walk.slice(from)));
                }
            }
            entries.sort(Comparator.comparingLong(Entry::time).reversed());
            int told = (int) Math.min(most, entries.size());
            Resp.arrayHeader(out, told);
            entries.subList(0, told).forEach(entry -> out.writeBytes(entry.bytes));
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
            for (AnswerWalk walk : walks(this)) {
                int count = walk.enter();
                for (int i = 0; i < count; i++) {
                    int from = walk.at();
                    walk.skip();
                    elements.add(walk.slice(from));
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
            AnswerWalk[] walks = walks(this);
            int count = enterAlike(walks);
            Resp.arrayHeader(out, count);
            for (int i = 0; i < count; i += 2) {
                walks[0].value(out);
                long sum = walks[0].number();
                for (int part = 1; part < walks.length; part++) {
                    walks[part].skip();
                    sum += walks[part].number();
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

        @Override
        void writeWithFailures(ByteBuf out) {
            write(out);
        }

        @Override
        void write(ByteBuf out) {
            AnswerWalk[] walks = walks(this);
            for (int i = 0; i < walks.length; i++) {
                if (parts[i].status != Status.ERROR) {
                    walks[i].enter();
                }
            }
            Resp.arrayHeader(out, owners.length);
            for (int owner : owners) {
                if (parts[owner].status == Status.ERROR) {
                    ByteBuf error = text(owner);
                    out.writeBytes(error, error.readerIndex(), error.readableBytes());
                } else {
                    walks[owner].value(out);
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
