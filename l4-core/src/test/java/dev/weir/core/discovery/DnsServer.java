package dev.weir.core.discovery;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.dns.DatagramDnsQuery;
import io.netty.handler.codec.dns.DatagramDnsQueryDecoder;
import io.netty.handler.codec.dns.DatagramDnsResponse;
import io.netty.handler.codec.dns.DatagramDnsResponseEncoder;
import io.netty.handler.codec.dns.DefaultDnsQuery;
import io.netty.handler.codec.dns.DefaultDnsRawRecord;
import io.netty.handler.codec.dns.DefaultDnsResponse;
import io.netty.handler.codec.dns.DnsQuery;
import io.netty.handler.codec.dns.DnsQuestion;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.handler.codec.dns.DnsResponse;
import io.netty.handler.codec.dns.DnsResponseCode;
import io.netty.handler.codec.dns.DnsSection;
import io.netty.handler.codec.dns.TcpDnsQueryDecoder;
import io.netty.handler.codec.dns.TcpDnsResponseEncoder;
import io.netty.util.NetUtil;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;

/** An authoritative server of names on a free port of UDP and TCP, which can also be told to misbehave. */
final class DnsServer implements AutoCloseable {
    /** What it does with questions for one name. */
    enum Mood {
        ANSWER,
        SERVFAIL,
        REFUSED,
        SILENT,
        /** By UDP only the first record, and says so. */
        TRUNCATE
    }

    /**
     * A record.
     *
     * @param owner whose it is, without the last dot
     * @param type its type
     * @param ttl seconds
     * @param data its bytes, as RFC 1035 and 2782 have them
     */
    record Entry(String owner, DnsRecordType type, int ttl, byte[] data) {}

    private final EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final Map<String, List<Entry>> zone = new ConcurrentHashMap<>();
    private final Map<String, Mood> moods = new ConcurrentHashMap<>();
    private final List<String> asked = new CopyOnWriteArrayList<>();
    private final Channel udp;
    private final Channel tcp;

    DnsServer() {
        ServerBootstrap stream = new ServerBootstrap()
                .group(group)
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline()
                                .addLast(new TcpDnsQueryDecoder(), new TcpDnsResponseEncoder(), new OverTcp());
                    }
                });
        Bootstrap datagrams = new Bootstrap()
                .group(group)
                .channel(NioDatagramChannel.class)
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline()
                                .addLast(
                                        new DatagramDnsQueryDecoder(), new DatagramDnsResponseEncoder(), new OverUdp());
                    }
                });
        tcp = stream.bind("127.0.0.1", 0).syncUninterruptibly().channel();
        udp = datagrams.bind(tcp.localAddress()).syncUninterruptibly().channel();
    }

    String address() {
        return "127.0.0.1:" + socketAddress().getPort();
    }

    InetSocketAddress socketAddress() {
        return (InetSocketAddress) udp.localAddress();
    }

    /** Sets all records of a name; none: it exists, and has nothing. */
    DnsServer set(String owner, Entry... records) {
        zone.put(owner, List.of(records));
        return this;
    }

    /** The name does not exist any more. */
    void forget(String owner) {
        zone.remove(owner);
    }

    void mood(String owner, Mood mood) {
        moods.put(owner, mood);
    }

    /** As {@code mood}, for one type only. */
    void mood(String owner, DnsRecordType type, Mood mood) {
        moods.put(owner + " " + type.name(), mood);
    }

    /** From now on it can be asked by UDP only. */
    void closeTcp() {
        tcp.close().syncUninterruptibly();
    }

    /** How often something was asked for: {@code name TYPE}. */
    long asked(String question) {
        return asked.stream().filter(question::equals).count();
    }

    static Entry ip(String owner, int ttl, String address) {
        byte[] data = NetUtil.createByteArrayFromIpAddressString(address);
        return new Entry(owner, data.length == 4 ? DnsRecordType.A : DnsRecordType.AAAA, ttl, data);
    }

    static Entry alias(String owner, int ttl, String target) {
        return new Entry(owner, DnsRecordType.CNAME, ttl, name(target));
    }

    static Entry srv(String owner, int ttl, int[] priorityWeightPort, String target) {
        ByteBuf data = Unpooled.buffer();
        for (int number : priorityWeightPort) {
            data.writeShort(number);
        }
        return new Entry(owner, DnsRecordType.SRV, ttl, bytes(data.writeBytes(name(target))));
    }

    /** A name as RFC 1035 3.1 has it; empty: the root. */
    static byte[] name(String name) {
        ByteBuf data = Unpooled.buffer();
        for (String label : name.isEmpty() ? new String[0] : name.split("\\.", -1)) {
            data.writeByte(label.length()).writeBytes(label.getBytes(StandardCharsets.US_ASCII));
        }
        return bytes(data.writeByte(0));
    }

    private static byte[] bytes(ByteBuf data) {
        byte[] bytes = new byte[data.readableBytes()];
        data.readBytes(bytes);
        return bytes;
    }

    /** False where nothing is to be answered. */
    private boolean fill(DnsResponse response, DnsQuery query, boolean mayTruncate) {
        DnsQuestion question = query.recordAt(DnsSection.QUESTION);
        String name = question.name().toLowerCase(Locale.ROOT).replaceFirst("\\.$", "");
        asked.add(name + " " + question.type().name());
        Mood mood = moods.getOrDefault(name + " " + question.type().name(), moods.getOrDefault(name, Mood.ANSWER));
        response.addRecord(
                DnsSection.QUESTION,
                new io.netty.handler.codec.dns.DefaultDnsQuestion(question.name(), question.type()));
        List<Entry> all = zone.get(name);
        if (mood == Mood.SERVFAIL || mood == Mood.REFUSED) {
            response.setCode(mood == Mood.SERVFAIL ? DnsResponseCode.SERVFAIL : DnsResponseCode.REFUSED);
        } else if (all == null) {
            response.setCode(DnsResponseCode.NXDOMAIN);
        } else {
            boolean truncate = mood == Mood.TRUNCATE && mayTruncate;
            List<Entry> answer =
                    all.stream().flatMap(e -> chain(e, question.type())).toList();
            response.setTruncated(truncate);
            (truncate && !answer.isEmpty() ? answer.subList(0, 1) : answer)
                    .forEach(e -> response.addRecord(
                            DnsSection.ANSWER,
                            new DefaultDnsRawRecord(e.owner(), e.type(), e.ttl(), Unpooled.wrappedBuffer(e.data()))));
        }
        return mood != Mood.SILENT;
    }

    /** A zone may list what an alias stands for behind it. */
    private static Stream<Entry> chain(Entry entry, DnsRecordType type) {
        return entry.type().equals(type) || entry.type().equals(DnsRecordType.CNAME) ? Stream.of(entry) : Stream.of();
    }

    @Override
    public void close() {
        List.copyOf(new ArrayList<>(List.of(udp, tcp))).forEach(c -> c.close().syncUninterruptibly());
        group.shutdownGracefully(0, 1, java.util.concurrent.TimeUnit.SECONDS).syncUninterruptibly();
    }

    private final class OverUdp extends SimpleChannelInboundHandler<DatagramDnsQuery> {
        @Override
        protected void channelRead0(ChannelHandlerContext context, DatagramDnsQuery query) {
            DatagramDnsResponse response = new DatagramDnsResponse(query.recipient(), query.sender(), query.id());
            if (fill(response, query, true)) {
                context.writeAndFlush(response);
            } else {
                response.release();
            }
        }
    }

    private final class OverTcp extends SimpleChannelInboundHandler<DefaultDnsQuery> {
        @Override
        protected void channelRead0(ChannelHandlerContext context, DefaultDnsQuery query) {
            DefaultDnsResponse response = new DefaultDnsResponse(query.id());
            if (fill(response, query, false)) {
                context.writeAndFlush(response);
            } else {
                response.release();
            }
        }
    }
}
