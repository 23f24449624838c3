package dev.weir.redis;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** RANDOMKEY: of a shard that is drawn by the number of its keys. One per loop. */
final class RandomKey {
    private final ProxyLoop home;
    private final Scattering scattering;

    RandomKey(ProxyLoop home, Scattering scattering) {
        this.home = home;
        this.scattering = scattering;
    }

    void ask(ProxyClient client, Call call, CommandReader command, ByteBuf buf) {
        ShardLink[] all = scattering.all(client);
        if (all.length == 0) {
            home.dispatch
                    .places()
                    .noShard(call, home.settings.routes().keyless().cluster());
            return;
        }
        ByteBuf sizes = home.allocator().buffer(32);
        Resp.arrayHeader(sizes, 1);
        Resp.bulk(sizes, "DBSIZE");
        ByteBuf request = Unpooled.copiedBuffer(buf.slice(command.start(), command.end() - command.start()));
        Merge merge = new Merge(home, call, all.length) {
            @Override
            boolean goesOn(Call whole) {
                ShardLink chosen = failures() > 0 ? null : drawn(this, all);
                if (chosen == null) {
                    return false;
                }
                whole.shards = 1;
                Call asking = home.settings.routes().renames() ? named(whole, chosen) : whole;
                chosen.send(asking, request, request.readerIndex(), request.readableBytes());
                return true;
            }

            @Override
            void write(ByteBuf out) {
                Resp.nil(out, client.session().resp3());
            }
        };
        Scattering.toEach(merge, all, sizes, sizes.readerIndex(), sizes.readableBytes());
        sizes.release();
    }

    /** The answer will be what clients call the key; nothing, if it is none of theirs. */
    private Call named(Call whole, ShardLink chosen) {
        Merge merge = new Merge(home, whole, 1) {
            @Override
            void write(ByteBuf out) {
                byte[] name = text(0).getByte(text(0).readerIndex()) == '$'
                                && text(0).getByte(text(0).readerIndex() + 1) != '-'
                        ? home.settings.routes().name(chosen.cluster(), new AnswerWalk(text(0)).bytes())
                        : null;
                if (name == null) {
                    Resp.nil(out, chosen.set().kind().resp3());
                } else {
                    Resp.bulk(out, name, 0, name.length);
                }
            }
        };
        return merge.part(whole.requestBytes);
    }

    /** A shard, each as likely as it has keys; null if none has any. */
    private static @Nullable ShardLink drawn(Merge sizes, ShardLink[] all) {
        long sum = 0;
        for (int i = 0; i < all.length; i++) {
            sum += Merge.integer(sizes.text(i));
        }
        if (sum <= 0) {
            return null;
        }
        long at = ThreadLocalRandom.current().nextLong(sum);
        for (int i = 0; i < all.length; i++) {
            at -= Merge.integer(sizes.text(i));
            if (at < 0) {
                return all[i];
            }
        }
        return null;
    }
}
