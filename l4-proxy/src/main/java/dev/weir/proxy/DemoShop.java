package dev.weir.proxy;

import dev.weir.core.config.Address;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * The shop's traffic to its SQL database: pages with prepared and plain statements, orders in transactions, imports of
 * many rows, a report that is too slow, and an application with bugs. Each with a user and a name of its own.
 */
final class DemoShop implements DemoGuest.Traffic {
    private static final int SEED = 20_261_122;
    private static final int PRODUCTS = 2_000;
    private static final int CUSTOMERS = 1_000;
    private static final int CATEGORIES = 20;
    private static final int BATCH = 50;
    private static final int KEPT_ORDERS = 5_000;
    private static final List<String> TABLES = List.of(
            "CREATE TABLE product (id INT PRIMARY KEY, name VARCHAR(60) NOT NULL, category INT NOT NULL,"
                    + " price INT NOT NULL, stock INT NOT NULL, KEY (category, price))",
            "CREATE TABLE customer (id INT PRIMARY KEY, email VARCHAR(60) NOT NULL UNIQUE, visits INT NOT NULL)",
            "CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, customer INT NOT NULL, placed TIMESTAMP NOT NULL)",
            "CREATE TABLE order_line (`order` INT, line INT, product INT NOT NULL, quantity INT NOT NULL,"
                    + " PRIMARY KEY (`order`, line))");

    private final Address proxy;
    private final ScheduledExecutorService executor = Executors.newScheduledThreadPool(6, task -> {
        Thread thread = new Thread(task, "demo-shop");
        thread.setDaemon(true);
        return thread;
    });
    private final List<Connection> connections = new ArrayList<>();

    private DemoShop(Address proxy) {
        this.proxy = proxy;
    }

    /** What a client does again and again with its connection. */
    @FunctionalInterface
    private interface Task {
        void run(Connection connection, Random random) throws SQLException;
    }

    /** Makes the tables of {@code server} (past the proxy), and begins to send through {@code proxy}. */
    static DemoShop start(Address server, Address proxy) throws SQLException {
        prepare(server);
        DemoShop shop = new DemoShop(proxy);
        try {
            shop.each(4, "web", "shop-frontend", new Pages());
            shop.each(4, "web", "shop-frontend", new Pages());
            shop.each(25, "web", "checkout", DemoShop::order);
            shop.each(300, "batch", "importer", DemoShop::importPrices);
            shop.each(1_000, "report", "nightly-report", DemoShop::report);
            shop.each(200, "web", "legacy", DemoShop::mistakes);
            return shop;
        } catch (SQLException e) {
            shop.close();
            throw e;
        }
    }

    private static void prepare(Address server) throws SQLException {
        try (Connection connection = DemoMysql.connect(server, "demo", "setup");
                Statement statement = connection.createStatement()) {
            for (String table : TABLES) {
                statement.execute(table);
            }
            connection.setAutoCommit(false);
            fill(connection, "INSERT INTO product VALUES (?, ?, ?, ?, 1000)", PRODUCTS, (row, id) -> {
                row.setInt(1, id);
                row.setString(2, "Product " + id);
                row.setInt(3, id % CATEGORIES);
                row.setInt(4, 100 + id * 7 % 9_900);
            });
            fill(connection, "INSERT INTO customer VALUES (?, ?, 0)", CUSTOMERS, (row, id) -> {
                row.setInt(1, id);
                row.setString(2, "customer" + id + "@example.com");
            });
            connection.commit();
        }
    }

    @FunctionalInterface
    private interface Row {
        void set(PreparedStatement row, int id) throws SQLException;
    }

    private static void fill(Connection connection, String insert, int rows, Row values) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(insert)) {
            for (int id = 0; id < rows; id++) {
                values.set(statement, id);
                statement.addBatch();
            }
            statement.executeBatch();
        }
    }

    private void each(long millis, String user, String app, Task task) throws SQLException {
        Connection connection = DemoMysql.connect(proxy, user, app);
        Random random = new Random(SEED + connections.size());
        connections.add(connection);
        executor.scheduleWithFixedDelay(() -> attempt(connection, random, task), millis, millis, TimeUnit.MILLISECONDS);
    }

    private static void attempt(Connection connection, Random random, Task task) {
        try {
            task.run(connection, random);
        } catch (SQLException e) {
            // An error answer: the table shows it. Or the end of the connection: the next attempts fail at once.
        }
    }

    /** What the pages of the shop do: mostly reads; those that each page needs are prepared. */
    private static final class Pages implements Task {
        @Override
        public void run(Connection connection, Random random) throws SQLException {
            int product = (int) Math.min(PRODUCTS * 1.1, Math.abs(random.nextGaussian()) * PRODUCTS / 3);
            int customer = random.nextInt(CUSTOMERS);
            switch (random.nextInt(6)) {
                case 0 ->
                    query(
                            connection,
                            "SELECT name, price FROM product WHERE category = " + product % CATEGORIES
                                    + " ORDER BY price LIMIT 20");
                case 1 ->
                    query(
                            connection,
                            "SELECT id, visits FROM customer WHERE email = 'customer" + customer + "@example.com'");
                case 2 ->
                    query(
                            connection,
                            "SELECT id, stock FROM product WHERE id IN (" + product + ", " + (product + 1) + ", "
                                    + random.nextInt(PRODUCTS) + ")");
                case 3 -> update(connection, "UPDATE customer SET visits = visits + 1 WHERE id = ?", customer);
                default -> prepared(connection, "SELECT name, price, stock FROM product WHERE id = ?", product);
            }
        }
    }

    private static void query(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            drain(result);
        }
    }

    private static void prepared(Connection connection, String sql, int value) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setInt(1, value);
            try (ResultSet result = statement.executeQuery()) {
                drain(result);
            }
        }
    }

    private static void drain(ResultSet result) throws SQLException {
        boolean more = result.next();
        while (more) {
            more = result.next();
        }
    }

    private static void update(Connection connection, String sql, int... values) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                statement.setInt(i + 1, values[i]);
            }
            statement.executeUpdate();
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** An order in a transaction; one of ten customers changes their mind. */
    private static void order(Connection connection, Random random) throws SQLException {
        int product = random.nextInt(PRODUCTS);
        int quantity = 1 + random.nextInt(3);
        connection.setAutoCommit(false);
        prepared(connection, "SELECT stock FROM product WHERE id = ? FOR UPDATE", product);
        update(connection, "UPDATE product SET stock = stock - ? WHERE id = ?", quantity, product);
        update(connection, "INSERT INTO orders (customer, placed) VALUES (?, NOW())", random.nextInt(CUSTOMERS));
        execute(
                connection,
                "INSERT INTO order_line VALUES (LAST_INSERT_ID(), 1, " + product + ", " + quantity
                        + "), (LAST_INSERT_ID(), 2, " + random.nextInt(PRODUCTS) + ", 1)");
        if (random.nextInt(10) == 0) {
            connection.rollback();
        } else {
            connection.commit();
        }
    }

    /** New prices in one statement of many rows, new stocks in one execution with many values; old orders go. */
    private static void importPrices(Connection connection, Random random) throws SQLException {
        StringBuilder rows = new StringBuilder("INSERT INTO product VALUES ");
        for (int i = 0; i < BATCH; i++) {
            int id = random.nextInt(PRODUCTS);
            rows.append(i == 0 ? "" : ", ").append("(" + id + ", 'Product " + id + "', " + id % CATEGORIES + ", ");
            rows.append(100 + random.nextInt(9_900)).append(", 1000)");
        }
        execute(
                connection,
                rows.append(" ON DUPLICATE KEY UPDATE price = VALUES(price)").toString());
        fill(
                connection,
                "UPDATE product SET stock = 1000 WHERE id = ?",
                BATCH,
                (row, id) -> row.setInt(1, random.nextInt(PRODUCTS)));
        execute(connection, "SELECT MAX(id) - " + KEPT_ORDERS + " INTO @oldest FROM orders");
        execute(connection, "DELETE FROM order_line WHERE `order` < @oldest");
        execute(connection, "DELETE FROM orders WHERE id < @oldest");
    }

    /** What should not be done on a server that others use: no index helps. */
    private static void report(Connection connection, Random random) throws SQLException {
        query(
                connection,
                "SELECT p.category, COUNT(*), SUM(l.quantity * p.price) FROM order_line l"
                        + " JOIN product p ON p.id = l.product GROUP BY p.category ORDER BY 3 DESC");
        query(
                connection,
                "SELECT COUNT(*) FROM product a JOIN product b ON a.name < b.name AND a.stock <> b.stock"
                        + " WHERE a.category = " + random.nextInt(CATEGORIES));
    }

    private static void mistakes(Connection connection, Random random) throws SQLException {
        int customer = random.nextInt(CUSTOMERS);
        Task again = (c, r) ->
                execute(c, "INSERT INTO customer VALUES (" + customer + ", 'customer" + customer + "@example.com', 0)");
        attempt(connection, random, again);
        if (customer % 4 == 0) {
            attempt(connection, random, (c, r) -> query(c, "SELECT * FROM basket WHERE customer = " + customer));
            attempt(connection, random, (c, r) -> query(c, "SELECT name FORM product"));
        }
        query(connection, "SELECT * FROM product WHERE name LIKE '%" + customer + "%'");
    }

    @Override
    public void close() {
        executor.shutdownNow();
        try {
            executor.awaitTermination(1, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        for (Connection connection : connections) {
            try {
                connection.abort(Runnable::run);
            } catch (SQLException e) {
                // It is gone already.
            }
        }
    }
}
