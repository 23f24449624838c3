package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.protocol.Command.Kind;
import dev.weir.core.protocol.ServiceOperation;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What servers would take requests for, and above all: what nobody can tell. */
class CarriedNamesTest {
    private static final String RPC = "/service/DynamoDB_20120810/operation/DeleteTable";

    private static CarriedNames.Called called(CarriedNames names, String method, String target, String headers) {
        return called(names, method, target, headers, !method.equals("POST"));
    }

    private static CarriedNames.Called called(
            CarriedNames names, String method, String target, String headers, boolean bodyless) {
        HttpRequest head = new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.valueOf(method), target);
        for (String header : headers.isEmpty() ? new String[0] : headers.split("\\|", -1)) {
            int colon = header.indexOf(':');
            head.headers().add(header.substring(0, colon), header.substring(colon + 1));
        }
        return names.of(new CarriedNames.Sent(head, target, bodyless, false));
    }

    private static String text(CarriedNames.Called called) {
        String operations =
                called.operations().stream().map(ServiceOperation::name).collect(Collectors.joining(","));
        return operations + (called.kind() == Kind.READ ? " r" : " w");
    }

    @ParameterizedTest
    @CsvSource({
        "POST, /, x-amz-target:DynamoDB_20120810.GetItem, GetItem r",
        "POST, /anywhere, X-Amz-Target:DynamoDB_20120810.DeleteTable, DeleteTable w",
        "GET, /, x-amz-target:DynamoDB_20120810.DeleteTable, DeleteTable w",
        "POST, /, x-amz-target:DynamoDBStreams_20120810.GetRecords, GetRecords r",
        "POST, /, x-amz-target:DynamoDB_20120810.deletetable, _OTHER w",
        "POST, /, x-amz-target:Foo.DeleteTable, _OTHER w", // ScyllaDB's Alternator does not mind
        "POST, /, x-amz-target:DynamoDB_20120810.GetItem;x, _OTHER w",
        "POST, /, x-amz-target:DynamoDB_20120810.GetItem|x-amz-target:DynamoDB_20120810.DeleteTable, _OTHER w",
        "POST, /, x-amz-target:DynamoDB_20120810.GetItem|x_amz_target:DynamoDB_20120810.DeleteTable, _OTHER w",
        "POST, /, X_Amz-Target:DynamoDB_20120810.GetItem, _OTHER w",
        "POST, /, x-amz-target:, _OTHER w",
        "POST, /, smithy-protocol:rpc-v2-cbor, _OTHER w",
        "POST, " + RPC + ", smithy-protocol:rpc-v2-cbor, DeleteTable w",
        "POST, " + RPC + "?a=b, smithy-protocol:rpc-v2-cbor, DeleteTable w",
        "POST, " + RPC + "/, smithy-protocol:rpc-v2-cbor, _OTHER w",
        "POST, /x" + RPC + ", smithy-protocol:rpc-v2-cbor, _OTHER w",
        "POST, " + RPC + ", smithy-protocol:RPC-v2-cbor, _OTHER w",
        "POST, " + RPC + ", smithy-protocol:rpc-v2-cbor|smithy-protocol:rpc-v2-cbor, _OTHER w",
        "POST, " + RPC + ", '', _OTHER w",
        "POST, /service/DynamoDB_20120810/oper%61tion/DeleteTable, '', _OTHER w",
        "POST, //SERVICE;a/DynamoDB_20120810//Operation/DeleteTable, '', _OTHER w",
        "POST, " + RPC + ", x-amz-target:DynamoDB_20120810.GetItem, _OTHER w",
        "POST, " + RPC + ", x-amz-target:DynamoDB_20120810.GetItem|smithy-protocol:rpc-v2-cbor, _OTHER w",
        "POST, " + RPC + ", x-amz-target:DynamoDB_20120810.DeleteTable|smithy-protocol:rpc-v2-cbor, DeleteTable w",
        "GET, /health, '', ' r'",
        "POST, /operations, '', ' w'",
    })
    void dynamodb(String method, String target, String headers, String expected) {
        CarriedNames names = new CarriedNames(true, false, false, false);

        assertThat(text(called(names, method, target, headers))).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "GET, /, info r, ''",
        "POST, /, _OTHER w, ''",
        "DELETE, /orders, indices.delete w, orders",
        "DELETE, /orders/, indices.delete w, orders",
        "DELETE, /orders//, indices.delete w, orders",
        "DELETE, //orders, _OTHER w, ''",
        "DELETE, /_all, _OTHER w, ''",
        "DELETE, /%5Fall, _OTHER w, ''",
        "DELETE, '/a,b*', indices.delete w, 'a b*'",
        "DELETE, '/*,-secret', indices.delete w, ''",
        "DELETE, '/a,', indices.delete w, ''",
        "DELETE, /%3Clogs-%7Bnow%7D%3E, indices.delete w, ''",
        "DELETE, /other:logs, indices.delete w, ''",
        "POST, /orders/_search, search r, orders",
        "GET, /orders/_search?q=a%2Fb, search r, orders",
        "DELETE, /orders/_search, _OTHER w, ''",
        "DELETE, /orders/_query, _OTHER w, ''",
        "POST, /_search, search r, ''",
        "POST, /_search?index=orders, search r, ''",
        "POST, /orders/%5fsearch, _OTHER w, ''",
        "POST, /orders/_sear%63h, _OTHER w, ''",
        "POST, /orders//_search, _OTHER w, ''",
        "POST, /orders/type/_search, _OTHER w, ''",
        "POST, /orders/_doc/_search, _OTHER w, ''",
        "POST, /orders/_doc/_bulk, _OTHER w, ''",
        "POST, /orders/_doc/1/_update, _OTHER w, ''",
        "PUT, /orders/_doc/1, index w, orders",
        "GET, /orders/_doc/a%2Fb, get r, orders",
        "DELETE, /orders/_doc/1, delete w, orders",
        "DELETE, /orders/_doc, _OTHER w, ''",
        "GET, /orders/_create/1, _OTHER r, ''",
        "DELETE, /orders/_update/1, _OTHER w, ''",
        "POST, /orders/_update/1, update w, orders",
        "POST, /orders/_bulk, bulk w, ''",
        "GET, /orders/_refresh, indices.refresh w, orders",
        "DELETE, /_data_stream/logs, indices.delete_data_stream w, ''",
        "PUT, /_data_stream/logs, indices.create_data_stream w, ''",
        "POST, /_data_stream/_modify, _OTHER w, ''",
        "DELETE, /_data_stream/logs/_lifecycle, _OTHER w, ''",
        "DELETE, /_index_template/logs, indices.delete_index_template w, ''",
        "PUT, /_index_template/logs, indices.put_index_template w, ''",
        "DELETE, /_template/logs, indices.delete_template w, ''",
        "DELETE, /_component_template/logs, cluster.delete_component_template w, ''",
        "DELETE, /orders/_alias/a, indices.delete_alias w, ''",
        "DELETE, /orders/_aliases/a, indices.delete_alias w, ''",
        "POST, /_aliases, indices.put_alias w, ''",
        "DELETE, /orders/_mapping, _OTHER w, ''",
        "DELETE, /orders/_block/write, _OTHER w, ''",
        "DELETE, /_search/scroll, clear_scroll w, ''",
        "DELETE, /_pit, close_point_in_time w, ''",
        "DELETE, /_async_search/x, async_search.delete w, ''",
        "DELETE, /_snapshot/a/b, snapshot.write w, ''",
        "POST, /_nodes/_all/reload_secure_settings, nodes.write w, ''",
        "GET, /_nodes/_local/stats, nodes r, ''",
        "OPTIONS, *, _OTHER r, ''",
    })
    void elasticsearch(String method, String target, String expected, String indexes) {
        CarriedNames.Called called = called(new CarriedNames(false, true, false, false), method, target, "");

        assertThat(text(called)).isEqualTo(expected);
        assertThat(String.join(" ", called.namespaces())).isEqualTo(indexes);
    }

    @ParameterizedTest
    @CsvSource({
        "GET, /?query=SELECT+1, SELECT r",
        "POST, /?query=%0Ainsert%20INTO%20t, INSERT w",
        "POST, /?database=a&query=DROP%20TABLE%20t, DROP w",
        "POST, /?query=SELECT, SELECT r",
        "POST, /?query=, _OTHER w",
        "POST, /?query, _OTHER w",
        "POST, /?query=%20, _OTHER w",
        "POST, /, _OTHER w",
        "POST, /?query=/*x*/DROP+TABLE+t, _OTHER w",
        "POST, /?query=(SELECT+1), _OTHER w",
        "POST, /?query=SELECT/**/1, _OTHER w",
        "POST, /?query=SELECT%00, _OTHER w",
        "POST, /?query=SELECT+1&query=DROP+TABLE+t, _OTHER w",
        "POST, /?QUERY=DROP+TABLE+t&query=SELECT+1, _OTHER w", // the server takes the first, in any case of letters
        "POST, /?query=SELECT+1&Query=DROP+TABLE+t, _OTHER w",
        "GET, /?QUERY=DROP+TABLE+t, DROP w",
        "GET, /?Query=SELECT+1, SELECT r",
        "POST, /?Dialect=prql&query=SELECT+1, _OTHER w",
        "POST, /?query=SET+max_threads%3D2+PARALLEL+WITH+DROP+TABLE+t, _OTHER w",
        "POST, /?query=SET+a%3D1%0Aparallel%09with+DROP+TABLE+t, _OTHER w",
        "POST, /?query=SELECT+1%2F*%2A%2FPARALLEL%2F*%2A%2FWITH+DROP+TABLE+t, _OTHER w",
        "POST, /?query=SELECT+%27x%27PARALLEL+WITH+DROP+TABLE+t, _OTHER w",
        "POST, /?query=SELECT+1+SETTINGS+max_parallel_replicas%3D2, SELECT r",
        "POST, /?query=SELECT+1;DROP+TABLE+t, _OTHER w",
        "POST, /?query=SELECT+1;--x%0ADROP+TABLE+t, _OTHER w",
        "POST, /?query=SELECT+%27;%27;+, SELECT r",
        "POST, /?query=SELECT+1%2, _OTHER w",
        "POST, /?query=SELECT+1%00, _OTHER w",
        "POST, /?query=EXPLAIN+SELECT+1, EXPLAIN r",
        "POST, /?query=EXPLAIN+ANALYZE+SELECT+1, _OTHER w",
        "POST, /?query=EXECUTE+AS+admin+SELECT+1, _OTHER w",
        "POST, /?query=WITH+1+AS+x+SELECT+x, _OTHER w",
        "POST, /?query=--x%0ASELECT+1, _OTHER w",
        "POST, /?query=;SELECT+1, _OTHER w",
        "POST, /?query=INSERT+INTO+t+SELECT+1, INSERT w",
        "POST, /?query=SYSTEM+SHUTDOWN, SYSTEM w",
        "POST, /?query=BACKUP+TABLE+t+TO+Null, BACKUP w",
        "POST, /?qu%65ry=DROP+TABLE+t, _OTHER w",
        "POST, /?x=1;query=DROP+TABLE+t&query=SELECT+1, SELECT r",
        "POST, /?x;query=DROP+TABLE+t&query=SELECT+1, _OTHER w",
        "POST, /play?query=DROP+TABLE+t, DROP w",
        "GET, /ping, ' r'",
    })
    void clickhouse(String method, String target, String expected) {
        CarriedNames names = new CarriedNames(false, false, true, false);

        assertThat(text(called(names, method, target, "", true))).isEqualTo(expected);
        assertThat(text(called(
                        names, method, target, "content-type:text/plain|content-type:Multipart/form-data", true)))
                .startsWith("_OTHER");
    }

    /** The body goes on with what the parameter has begun: another statement, if it is not where the data of an INSERT begin. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT 1",
                "SET max_threads = 2",
                "INSERT INTO t",
                "INSERT INTO t SELECT 1",
                "INSERT INTO t SELECT 1 FORMAT CSV",
                "INSERT INTO t WITH 1 AS x SELECT x",
                "INSERT INTO t (SELECT 1) FORMAT CSV",
                "INSERT INTO t FORMAT",
                "INSERT INTO t FORMAT CSV 1",
                "INSERT INTO t /* FORMAT CSV",
                "INSERT INTO t -- FORMAT CSV",
                "INSERT INTO t (`a) FORMAT CSV",
                "INSERT INTO t (a, values",
                "INSERT INTO t ((a) FORMAT CSV",
                "INSERT INTO t (a FORMAT CSV",
                "INSERT INTO VALUES",
                "INSERT INTO a.VALUES",
                "INSERT INTO FORMAT CSV",
                "INSERT INTO TABLE VALUES",
                "INSERT INTO TABLE FORMAT CSV",
                "INSERT INTO FUNCTION VALUES",
                "INSERT INTO FUNCTION url('http://a') FORMAT CSV",
                "INSERT INTO t SETTINGS VALUES",
                "INSERT INTO t SETTINGS a=VALUES",
                "INSERT INTO t SETTINGS a=1, VALUES",
                "INSERT INTO t SETTINGS a=1 b=2 FORMAT CSV",
                "INSERT INTO t PARTITION BY a AS VALUES",
                "INSERT INTO t FROM INFILE 'x' FORMAT CSV",
                "INSERT INTO parallel FORMAT CSV",
                "INSERT t FORMAT CSV",
                "INSERT INTO t FORMAT CSV;",
            })
    void clickhouseGoesOnInTheBody(String statement) {
        CarriedNames names = new CarriedNames(false, false, true, false);
        String target = "/?query=" + URLEncoder.encode(statement, StandardCharsets.UTF_8);

        assertThat(text(called(names, "POST", target, "", false))).isEqualTo("_OTHER w");
        assertThat(text(called(names, "GET", target, "", false))).isEqualTo("_OTHER r");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "INSERT INTO t FORMAT CSV",
                "insert into t format JSONEachRow\n",
                "INSERT INTO db.t VALUES",
                "INSERT INTO `a b`.\"c\" (a, `b`, c.d) VALUES",
                "INSERT INTO TABLE t(a)FORMAT Native",
                "INSERT INTO t SETTINGS async_insert=1, x='y' FORMAT RowBinary",
            })
    void clickhouseHasDataInTheBody(String statement) {
        CarriedNames names = new CarriedNames(false, false, true, false);
        String target = "/?query=" + URLEncoder.encode(statement, StandardCharsets.UTF_8);

        // What curl says of each body; the server takes it for data all the same.
        String form = "content-type:application/x-www-form-urlencoded";
        assertThat(text(called(names, "POST", target, form, false))).isEqualTo("INSERT w");
    }

    @ParameterizedTest
    @CsvSource({
        "/shop.Orders/Delete, application/grpc, shop.Orders/Delete w",
        "/shop.Orders/Delete, application/json, shop.Orders/Delete w",
        "/shop.Orders/Delete?x=1, application/grpc, shop.Orders/Delete w",
        "/shop.Orders/Del%65te, application/json, _OTHER w",
        "/shop.Orders/Delete/, application/json, _OTHER w",
        "//shop.Orders/Delete, application/json, _OTHER w",
        "/shop.Orders;a=b/Delete, application/json, _OTHER w",
        "/prefix/shop.Orders/Delete, application/json, ' w'",
        "/prefix/shop.Orders/Delete, Application/GRPC+proto, _OTHER w",
        "/, application/json, ' w'",
    })
    void grpc(String target, String type, String expected) {
        CarriedNames names = new CarriedNames(false, false, false, true);

        assertThat(text(called(names, "POST", target, "content-type:" + type))).isEqualTo(expected);
    }
}
