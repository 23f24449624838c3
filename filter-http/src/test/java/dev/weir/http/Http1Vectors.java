package dev.weir.http;

import java.util.ArrayList;
import java.util.List;

/**
 * Requests that are none, or that two servers may read in two ways: the published vectors of request smuggling (CL.TE, TE.CL, TE.TE, TE.0, chunk extensions) and the rules of RFC 9112 they
 * break. Each begins with a request, and hides another one to {@code /hidden} where it can.
 */
final class Http1Vectors {
    /**
     * A vector.
     *
     * @param refused whether RFC 9112 wants, or allows, it to be refused, and Weir does
     */
    record Vector(String name, String bytes, boolean refused) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static final String HIDDEN = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";

    private Http1Vectors() {}

    private static String post(String headers, String body) {
        return "POST /seen HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n" + body;
    }

    private static String get(String line, String headers) {
        return line + "\r\n" + headers + "\r\n";
    }

    static List<Vector> all() {
        List<Vector> all = new ArrayList<>();
        String chunks = "0\r\n\r\n" + HIDDEN;
        // Two lengths, RFC 9112 §6.1 and §6.3.
        refused(all, "CL.TE", post("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", chunks));
        refused(all, "TE.CL", post("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", chunks));
        refused(all, "CL.CL different", post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello!"));
        refused(all, "CL.CL the same", post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"));
        refused(all, "CL list", post("Content-Length: 5, 5\r\n", "hello"));
        refused(all, "CL signed", post("Content-Length: +5\r\n", "hello"));
        refused(all, "CL negative", post("Content-Length: -5\r\n", "hello"));
        refused(all, "CL hexadecimal", post("Content-Length: 0x5\r\n", "hello"));
        refused(all, "CL with a blank", post("Content-Length: 5 5\r\n", "hello"));
        refused(all, "CL empty", post("Content-Length: \r\n", ""));
        refused(all, "CL beyond all numbers", post("Content-Length: 18446744073709551621\r\n", "hello"));
        refused(all, "CL with an underscore number", post("Content-Length: 5_0\r\n", "hello"));
        // TE.TE: what one server takes for chunked and another does not.
        for (String value : List.of(
                "xchunked",
                "chunked, identity",
                "identity",
                "gzip",
                "chunked, chunked",
                "\"chunked\"",
                "chunked;q=1",
                "\u000bchunked",
                "chunked\u000b",
                "\u00ffchunked",
                "chunked x",
                ",chunked",
                "chunked,",
                "\r\n chunked")) {
            refused(
                    all,
                    "TE: " + value.replace("\r\n", "\\r\\n").replace("\u000b", "\\v"),
                    post("Transfer-Encoding: " + value + "\r\n", chunks));
        }
        refused(all, "TE twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", chunks));
        refused(all, "TE twice the same", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", chunks));
        refused(
                all,
                "TE with a blank before the colon",
                post("Transfer-Encoding : chunked\r\nContent-Length: 5\r\n", chunks));
        refused(all, "TE with a tab before the colon", post("Transfer-Encoding\t: chunked\r\n", chunks));
        refused(all, "TE folded away", post("X: y\r\n Transfer-Encoding: chunked\r\n", chunks));
        refused(all, "TE behind a bare LF in a value", post("X: y\nTransfer-Encoding: chunked\r\n", chunks));
        refused(all, "TE behind a bare CR in a value", post("X: y\rTransfer-Encoding: chunked\r\n", chunks));
        refused(all, "TE behind NUL", post("X: y\u0000Transfer-Encoding: chunked\r\n", chunks));
        refused(all, "TE in HTTP/1.0", "POST /seen HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks);
        refused(all, "CL with a blank before the colon", post("Content-Length : 5\r\n", "hello"));
        refused(all, "CL behind a CR", post("\rContent-Length: 5\r\n", "hello"));
        // Chunks, §7.1.
        String te = "Transfer-Encoding: chunked\r\n";
        refused(all, "chunk with 0x", post(te, "0x5\r\nhello\r\n0\r\n\r\n"));
        refused(all, "chunk signed", post(te, "+5\r\nhello\r\n0\r\n\r\n"));
        refused(all, "chunk negative", post(te, "-1\r\nhello\r\n0\r\n\r\n"));
        refused(all, "chunk beyond all numbers", post(te, "fffffffffffffffff\r\nhello\r\n0\r\n\r\n"));
        refused(all, "chunk size of 64 bits", post(te, "10000000000000005\r\nhello\r\n0\r\n\r\n"));
        refused(all, "chunk without size", post(te, "\r\nhello\r\n0\r\n\r\n"));
        refused(all, "chunk with a bare LF", post(te, "5\nhello\r\n0\r\n\r\n"));
        refused(all, "chunk without its CRLF", post(te, "5\r\nhello0\r\n\r\n"));
        refused(all, "chunk ended by LF", post(te, "5\r\nhello\n0\r\n\r\n"));
        refused(all, "chunk longer than it says", post(te, "5\r\nhello!!\r\n0\r\n\r\n"));
        refused(all, "chunk extension with a bare LF", post(te, "5;a\nb\r\nhello\r\n0\r\n\r\n"));
        refused(all, "chunk extension with a bare CR", post(te, "5;a\rb\r\nhello\r\n0\r\n\r\n"));
        refused(all, "chunk size with a blank inside", post(te, "5 5\r\nhello\r\n0\r\n\r\n"));
        refused(all, "chunk with an underscore", post(te, "0_5\r\nhello\r\n0\r\n\r\n"));
        accepted(all, "chunk extension", post(te, "5;a=b\r\nhello\r\n0\r\n\r\n"));
        accepted(all, "chunks", post(te, "5\r\nhello\r\n0\r\n\r\n"));
        accepted(all, "TE in capitals", post("TRANSFER-ENCODING: CHUNKED\r\n", "5\r\nhello\r\n0\r\n\r\n"));
        accepted(all, "trailers", post(te, "5\r\nhello\r\n0\r\nX: y\r\n\r\n"));
        // The request line, §3.
        refused(all, "two blanks", get("GET  /seen HTTP/1.1", "Host: a\r\n"));
        refused(all, "a tab in the line", get("GET\t/seen HTTP/1.1", "Host: a\r\n"));
        refused(all, "a blank behind the line", get("GET /seen HTTP/1.1 ", "Host: a\r\n"));
        refused(all, "a blank before the line", get(" GET /seen HTTP/1.1", "Host: a\r\n"));
        refused(all, "a blank in the target", get("GET /se en HTTP/1.1", "Host: a\r\n"));
        refused(all, "NUL in the target", get("GET /se\u0000en HTTP/1.1", "Host: a\r\n"));
        refused(all, "CR in the line", get("GET /seen\r HTTP/1.1", "Host: a\r\n"));
        refused(all, "a byte beyond ASCII in the target", get("GET /se\u00e4en HTTP/1.1", "Host: a\r\n"));
        refused(all, "no version", get("GET /seen", "Host: a\r\n"));
        refused(all, "HTTP/2.0", get("GET /seen HTTP/2.0", "Host: a\r\n"));
        refused(all, "HTTP/1.2", get("GET /seen HTTP/1.2", "Host: a\r\n"));
        refused(all, "http/1.1", get("GET /seen http/1.1", "Host: a\r\n"));
        refused(all, "HTTP/01.1", get("GET /seen HTTP/01.1", "Host: a\r\n"));
        refused(all, "a method that is no token", get("G(T /seen HTTP/1.1", "Host: a\r\n"));
        refused(all, "no method", get(" /seen HTTP/1.1", "Host: a\r\n"));
        refused(all, "a target that is none", get("GET seen HTTP/1.1", "Host: a\r\n"));
        refused(all, "an asterisk for GET", get("GET * HTTP/1.1", "Host: a\r\n"));
        accepted(all, "a method of one's own", get("FOO /seen HTTP/1.1", "Host: a\r\nContent-Length: 0\r\n"));
        accepted(all, "an absolute target", get("GET http://a/seen HTTP/1.1", "Host: a\r\n"));
        accepted(all, "an empty line before", "\r\n" + get("GET /seen HTTP/1.1", "Host: a\r\n"));
        accepted(all, "HTTP/1.0 without Host", get("GET /seen HTTP/1.0", "X: y\r\n"));
        // Headers, §5, and Host, §3.2.
        refused(all, "no Host", get("GET /seen HTTP/1.1", "X: y\r\n"));
        refused(all, "two Hosts", get("GET /seen HTTP/1.1", "Host: a\r\nHost: b\r\n"));
        refused(all, "Host with a path", get("GET /seen HTTP/1.1", "Host: a/b\r\n"));
        refused(all, "Host with a user", get("GET /seen HTTP/1.1", "Host: u@a\r\n"));
        refused(all, "Host with a blank", get("GET /seen HTTP/1.1", "Host: a b\r\n"));
        refused(all, "Host with a port that is none", get("GET /seen HTTP/1.1", "Host: a:b\r\n"));
        refused(all, "a folded line", get("GET /seen HTTP/1.1", "Host: a\r\nX: y\r\n z\r\n"));
        refused(all, "a blank before the first header", get("GET /seen HTTP/1.1", " Host: a\r\nHost: a\r\n"));
        refused(all, "a header without colon", get("GET /seen HTTP/1.1", "Host: a\r\nX\r\n"));
        refused(all, "a header without name", get("GET /seen HTTP/1.1", "Host: a\r\n: y\r\n"));
        refused(all, "a blank in a name", get("GET /seen HTTP/1.1", "Host: a\r\nX Y: y\r\n"));
        refused(all, "a name with a bracket", get("GET /seen HTTP/1.1", "Host: a\r\nX(): y\r\n"));
        refused(all, "a name beyond ASCII", get("GET /seen HTTP/1.1", "Host: a\r\nX\u00e4: y\r\n"));
        refused(all, "NUL in a value", get("GET /seen HTTP/1.1", "Host: a\r\nX: \u0000\r\n"));
        refused(all, "a head that ends with LF", "GET /seen HTTP/1.1\nHost: a\n\n");
        accepted(all, "bytes beyond ASCII in a value", get("GET /seen HTTP/1.1", "Host: a\r\nX: \u00e4\r\n"));
        accepted(all, "a tab in a value", get("GET /seen HTTP/1.1", "Host: a\r\nX: a\tb\r\n"));
        accepted(all, "a header without value", get("GET /seen HTTP/1.1", "Host: a\r\nX:\r\n"));
        accepted(all, "a body for GET", get("GET /seen HTTP/1.1", "Host: a\r\nContent-Length: 5\r\n") + "hello");
        return all;
    }

    private static void refused(List<Vector> all, String name, String bytes) {
        all.add(new Vector(name, bytes, true));
    }

    private static void accepted(List<Vector> all, String name, String bytes) {
        all.add(new Vector(name, bytes, false));
    }
}
