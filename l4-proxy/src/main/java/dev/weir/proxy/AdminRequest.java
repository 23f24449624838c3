package dev.weir.proxy;

import dev.weir.core.config.Names;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Path and parameters of a request to the admin server, decoded and checked. */
final class AdminRequest {
    private final String path;
    private final Map<String, List<String>> parameters;

    private AdminRequest(String path, Map<String, List<String>> parameters) {
        this.path = path;
        this.parameters = parameters;
    }

    static AdminRequest of(String uri) {
        try {
            QueryStringDecoder decoder = new QueryStringDecoder(uri);
            return new AdminRequest(decoder.path(), decoder.parameters());
        } catch (IllegalArgumentException e) {
            throw new AdminException(HttpResponseStatus.BAD_REQUEST, "the address is not correctly escaped");
        }
    }

    String path() {
        return path;
    }

    /** Refuses parameters that would have no effect. */
    void allowOnly(Collection<String> names) {
        for (String name : parameters.keySet()) {
            if (!names.contains(name)) {
                String valid = names.isEmpty() ? "no parameters" : String.join(", ", names);
                throw AdminException.badParameter("unknown parameter", name, valid);
            }
        }
    }

    @Nullable
    String text(String name) {
        List<String> values = parameters.get(name);
        if (values == null || values.isEmpty()) {
            return null;
        }
        if (values.size() > 1) {
            throw AdminException.badParameter(name, values.get(1), "the parameter once");
        }
        return values.get(0);
    }

    /** One of {@code valid}, whose first is what counts without the parameter. */
    String oneOf(String name, List<String> valid) {
        String value = text(name);
        if (value == null) {
            return valid.get(0);
        }
        if (!valid.contains(value.toLowerCase(Locale.ROOT))) {
            String nearest = Names.nearest(value, valid);
            String hint = nearest == null ? "" : "; did you mean \"" + nearest + "\"?";
            throw AdminException.badParameter(name, value, String.join(", ", valid) + hint);
        }
        return value.toLowerCase(Locale.ROOT);
    }

    /** The parameter has to be given. */
    String required(String name, List<String> valid) {
        if (text(name) == null) {
            throw new AdminException(
                    HttpResponseStatus.BAD_REQUEST, name + ": missing (expected: " + String.join(", ", valid) + ")");
        }
        return oneOf(name, valid);
    }

    int integer(String name, int absent, int min, int max) {
        String value = text(name);
        if (value == null) {
            return absent;
        }
        try {
            int number = Integer.parseInt(value);
            if (number >= min && number <= max) {
                return number;
            }
        } catch (NumberFormatException e) {
            // falls through to the message
        }
        throw AdminException.badParameter(name, value, "a whole number, " + min + ".." + max);
    }
}
