package dev.weir.http;

import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;

/**
 * What a route answers by itself.
 *
 * @param headers the caller's, {@code Content-Length} among them
 * @param body shared, not to be changed; not to be sent to HEAD
 */
record LocalAnswer(HttpResponseStatus status, HttpHeaders headers, byte[] body) {}
