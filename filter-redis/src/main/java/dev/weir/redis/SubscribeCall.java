package dev.weir.redis;

import io.netty.buffer.ByteBuf;
import java.util.List;

/** A SUBSCRIBE of a client that waits until the shards have confirmed all of it. */
final class SubscribeCall {
    private final ProxyLoop home;
    private final ProxyClient client;
    private final Call call;
    private final ByteBuf answer;
    private int missing;
    private boolean ended;

    /** @param answer what the client gets in the end; owned */
    SubscribeCall(ProxyLoop home, ProxyClient client, Call call, ByteBuf answer, List<Topic> topics) {
        this.home = home;
        this.client = client;
        this.call = call;
        this.answer = answer;
        for (Topic topic : topics) {
            if (topic.unconfirmed > 0 && topic.waiting.add(this)) {
                missing++;
            }
        }
        if (missing == 0) {
            end();
        }
    }

    void confirmed() {
        if (--missing == 0 && !ended) {
            end();
        }
    }

    private void end() {
        ended = true;
        if (call.done || call.client != client) {
            answer.release(); // it has left
            return;
        }
        call.byWeir = true;
        call.responseBytes = answer.readableBytes();
        call.end = home.clock.nanoTime();
        client.answerWhole(call, answer);
    }

    /** The shards cannot be asked. */
    void failed(String error) {
        if (!ended) {
            ended = true;
            answer.release();
            if (call.client == client) {
                home.fail(call, error);
            }
        }
    }
}
