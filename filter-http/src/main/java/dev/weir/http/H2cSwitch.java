package dev.weir.http;

import dev.weir.core.filter.CloseReason;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Settings;

/** From HTTP/1.1 over to HTTP/2 on one connection, beginning with the answer to the request that asked for it. RFC 7540, 3.2. */
final class H2cSwitch {
    private H2cSwitch() {}

    static void perform(Http1Client from, Http2Client to, HttpRequest head, Http2Settings theirs) {
        ChannelHandlerContext ctx = from.ctx();
        from.encoder().withoutBodyIf(true);
        ctx.write(Answers.switching(Http2Upgrade.H2C), ctx.voidPromise());
        ctx.write(LastHttpContent.EMPTY_LAST_CONTENT, ctx.voidPromise());
        ctx.flush();
        ctx.pipeline().remove(from.encoder());
        ctx.pipeline().addLast(to);
        try {
            to.upgraded(head, theirs);
        } catch (Http2Exception e) {
            from.context.connection().close(CloseReason.PROTOCOL_ERROR);
        }
        ctx.pipeline().remove(from);
        ctx.pipeline().remove(from.decoder()); // hands on what it has
    }
}
