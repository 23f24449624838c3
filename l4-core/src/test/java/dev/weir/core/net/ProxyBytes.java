package dev.weir.core.net;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** Headers as section 2 of HAProxy's doc/proxy-protocol.txt lays them out, by hand. */
final class ProxyBytes {
    /** 2.2: the signature. */
    private static final String SIGNATURE = "0d0a0d0a000d0a515549540a";

    private final ByteArrayOutputStream behind = new ByteArrayOutputStream();
    private final int command;
    private final int family;

    private ProxyBytes(int command, int family, String addresses) {
        this.command = command;
        this.family = family;
        behind.writeBytes(hex(addresses));
    }

    static byte[] line(String text) {
        return (text + "\r\n").getBytes(StandardCharsets.US_ASCII);
    }

    /** Version 2; {@code addresses} in hexadecimal digits. */
    static ProxyBytes v2(int command, int family, String addresses) {
        return new ProxyBytes(command, family, addresses);
    }

    /** From 203.0.113.7:40000 to 198.51.100.1:3306. */
    static ProxyBytes tcp4() {
        return v2(0x21, 0x11, "cb007107 c6336401 9c40 0cea");
    }

    /** A value behind the addresses. */
    ProxyBytes value(int type, byte[] value) {
        behind.write(type);
        behind.write(value.length >> 8);
        behind.write(value.length);
        behind.writeBytes(value);
        return this;
    }

    ProxyBytes value(int type, String value) {
        return value(type, value.getBytes(StandardCharsets.UTF_8));
    }

    ProxyBytes raw(String digits) {
        behind.writeBytes(hex(digits));
        return this;
    }

    byte[] bytes() {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(hex(SIGNATURE));
        all.write(command);
        all.write(family);
        all.write(behind.size() >> 8);
        all.write(behind.size());
        all.writeBytes(behind.toByteArray());
        return all.toByteArray();
    }

    static byte[] hex(String digits) {
        return HexFormat.of().parseHex(digits.replace(" ", ""));
    }

    static byte[] join(byte[] first, byte[] second) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(first);
        all.writeBytes(second);
        return all.toByteArray();
    }
}
