package dev.weir.redis;

import io.netty.buffer.ByteBuf;
import java.util.List;

/** A SUBSCRIBE of a client that waits until the shards have confirmed all of it. */
final class SubscribeCall {
    private final ProxyLoop home;
    private final ProxyClient client;
    private final Call call;
    private final ByteBuf answer;
    private final List<Topic> asked;
    /** What the client has not had before. */
    private final List<Topic> added;

    private int missing;
    private boolean ended;

    /** @param answer what the client gets in the end; owned */
    SubscribeCall(ProxyLoop home, ProxyClient client, Call call, ByteBuf answer, List<Topic> asked, List<Topic> added) {
        this.home = home;
        this.client = client;
        this.call = call;
        this.answer = answer;
        this.asked = asked;
        this.added = added;
        for (Topic topic : asked) {
            if (topic.unconfirmed > 0 && topic.waiting.add(this)) {
                missing++;
            }
        }
        if (missing == 0) {
            end();
        }
    }

    boolean isOf(ProxyClient one) {
        return one == client;
    }

    void confirmed() {
        if (--missing == 0 && !ended) {
            end();
        }
    }

    /** Whether the client still waits: the call may have been given to another command since. */
    private boolean waits() {
        return call.client == client && !call.done && call.info.kind.subscribes();
    }

    private void end() {
        ended = true;
        if (!waits()) {
            answer.release(); // it has left
            return;
        }
        call.byWeir = true;
        call.responseBytes = answer.readableBytes();
        call.end = home.clock.nanoTime();
        client.answerWhole(call, answer);
    }

    /** The shards cannot be asked, or refuse. */
    void failed(String error) {
        if (ended) {
            return;
        }
        ended = true;
        answer.release();
        asked.forEach(topic -> topic.waiting.remove(this));
        home.pubSub.undo(client, added);
        if (waits()) {
            home.fail(call, error);
        }
    }
}
