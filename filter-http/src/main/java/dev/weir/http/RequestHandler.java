package dev.weir.http;

import io.netty.handler.codec.http.HttpRequest;

/** Takes the requests of a client's connection: one per connection, on its loop. */
interface RequestHandler {
    /**
     * A request begins. Its head was found well-formed by the connection: a method that is a token, a target without blanks and controls, names and values
     * of headers that are allowed, one {@code Host} at most (in HTTP/2 {@code :authority} has become {@code Host}), framing that leaves no doubt. Nothing may be sent before this returns,
     * but for what is sent through {@code stream}, which may be done at once.
     *
     * @param head method, target as it came (origin, absolute, authority or asterisk form; in HTTP/2 {@code :path}), version the client spoke ({@code HTTP/1.0}, {@code HTTP/1.1}, or
     *     {@link Http#HTTP_2}), headers in their order
     * @param end whether there is no body
     */
    RequestListener request(HttpRequest head, boolean end, ClientStream stream);
}
