// pgjdbc from Debian's package, run as a single source file. The environment is that of ../python/script.py.
import java.io.StringReader;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

public class Script {
    interface Check {
        void run() throws Exception;
    }

    static final Map<String, String> ENVIRONMENT = System.getenv();
    static final String TENANT = ENVIRONMENT.get("TENANT");
    static final String RUN = ENVIRONMENT.get("RUN");
    static final boolean IS_APP_DOOR = ENVIRONMENT.get("DOOR").equals("app");
    static final boolean IS_SHARED = ENVIRONMENT.get("ISOLATION").equals("shared");
    static final String INSERT = "INSERT INTO items (run, sku, owner, qty) VALUES (?, ?, ?, ?)";
    static final String ENDLESS = "SELECT count(*) FROM generate_series(1, 10000000000)";
    static final int POOL = 8;
    static final int TRANSACTIONS = 25;

    static Connection connect(String... more) throws SQLException {
        String url = "jdbc:postgresql://" + ENVIRONMENT.get("PGHOST") + ":" + ENVIRONMENT.get("PGPORT") + "/" + ENVIRONMENT.get("PGDATABASE");
        Properties properties = new Properties();
        properties.setProperty("user", ENVIRONMENT.get("PGUSER"));
        properties.setProperty("password", ENVIRONMENT.get("PGPASSWORD"));
        String options = IS_APP_DOOR ? "-c app.current_tenant=" + TENANT : "";
        for (int at = 0; at < more.length; at += 2) {
            if (more[at].equals("options")) {
                options += " " + more[at + 1];
            } else {
                properties.setProperty(more[at], more[at + 1]);
            }
        }
        if (!options.isBlank()) {
            properties.setProperty("options", options.strip());
        }
        return DriverManager.getConnection(url, properties);
    }

    static void equal(Object found, Object expected) {
        if (!String.valueOf(found).equals(String.valueOf(expected))) {
            throw new AssertionError("found " + found + ", expected " + expected);
        }
    }

    static void raises(String sqlstate, Check act) throws Exception {
        try {
            act.run();
        } catch (SQLException error) {
            if (!sqlstate.equals(error.getSQLState())) {
                throw error;
            }
            return;
        }
        throw new AssertionError("no error, " + sqlstate + " was expected");
    }

    static Object one(Connection connection, String sql, Object... values) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int at = 0; at < values.length; at++) {
                statement.setObject(at + 1, values[at]);
            }
            try (ResultSet rows = statement.executeQuery()) {
                return rows.next() ? rows.getObject(1) : null;
            }
        }
    }

    static void run(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    static void insert(Connection connection, String sku, int qty) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(INSERT)) {
            statement.setString(1, RUN);
            statement.setString(2, sku);
            statement.setString(3, TENANT);
            statement.setInt(4, qty);
            statement.executeUpdate();
        }
    }

    static Object count(Connection connection, String pattern) throws SQLException {
        return one(connection, "SELECT count(*) FROM items WHERE run = ? AND sku LIKE ?", RUN, pattern);
    }

    static void ownOnly(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT DISTINCT owner FROM items")) {
            int seen = 0;
            while (rows.next()) {
                equal(rows.getString(1), TENANT);
                seen++;
            }
            equal(seen, 1);
        }
    }

    static void connects() throws Exception {
        try (Connection connection = connect("ApplicationName", "clients")) {
            try (PreparedStatement statement = connection.prepareStatement("DELETE FROM items WHERE run = ?")) {
                statement.setString(1, RUN);
                statement.executeUpdate();
            }
            equal(one(connection, "SELECT current_setting('application_name')"), "clients");
            if (connection.getMetaData().getDatabaseMajorVersion() < 15) {
                throw new AssertionError("another server");
            }
        }
    }

    static void types() throws Exception {
        byte[] raw = new byte[256];
        for (int at = 0; at < raw.length; at++) {
            raw[at] = (byte) at;
        }
        UUID token = UUID.randomUUID();
        OffsetDateTime taken = OffsetDateTime.parse("2024-02-29T12:30:15.123456Z");
        String names = "run, sku, owner, qty, big, ratio, amount, is_on, token, taken, day, data, tags, raw, note";
        try (Connection connection = connect("binaryTransferEnable", "2950,1114,1184,1082,1700")) {
            String insert = "INSERT INTO items (" + names + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?::jsonb, ?, ?, ?)";
            try (PreparedStatement statement = connection.prepareStatement(insert)) {
                List<Object> values = List.of(RUN, "types", TENANT, 7, 1L << 62, 0.1, new BigDecimal("12.50"), true, token, taken,
                        taken.toLocalDate(), "{\"a\": [1, null, \"ü\"]}", connection.createArrayOf("text", new String[] {"a", "b c", null, "\""}),
                        raw, "Ünïcode ✓ '\"\\");
                for (int at = 0; at < values.size(); at++) {
                    statement.setObject(at + 1, values.get(at));
                }
                statement.executeUpdate();
            }
            // From the fifth time on it is a named statement with binary results.
            try (PreparedStatement statement = connection.prepareStatement("SELECT " + names + " FROM items WHERE run = ? AND sku = 'types'")) {
                for (int turn = 0; turn < 8; turn++) {
                    statement.setString(1, RUN);
                    try (ResultSet rows = statement.executeQuery()) {
                        rows.next();
                        equal(rows.getString("owner"), TENANT);
                        equal(rows.getInt("qty"), 7);
                        equal(rows.getLong("big"), 1L << 62);
                        equal(rows.getDouble("ratio"), 0.1);
                        equal(rows.getBigDecimal("amount"), "12.50");
                        equal(rows.getBoolean("is_on"), true);
                        equal(rows.getObject("token", UUID.class), token);
                        equal(rows.getObject("taken", OffsetDateTime.class).toInstant(), taken.toInstant());
                        equal(rows.getDate("day"), "2024-02-29");
                        equal(Arrays.toString((Object[]) rows.getArray("tags").getArray()), "[a, b c, null, \"]");
                        equal(Arrays.equals(rows.getBytes("raw"), raw), true);
                        equal(rows.getString("note"), "Ünïcode ✓ '\"\\");
                    }
                }
            }
        }
    }

    static void transactions() throws Exception {
        try (Connection connection = connect()) {
            connection.setAutoCommit(false);
            insert(connection, "gone", 1);
            connection.rollback();
            insert(connection, "outer", 1);
            Savepoint savepoint = connection.setSavepoint("one");
            insert(connection, "inner", 1);
            raises("23505", () -> insert(connection, "inner", 1));
            connection.rollback(savepoint);
            connection.commit();
            connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
            equal(one(connection, "SHOW transaction_isolation"), "serializable");
            connection.rollback();
            connection.setReadOnly(true);
            raises("25006", () -> insert(connection, "read", 1));
            connection.rollback();
            connection.setReadOnly(false);
            equal(count(connection, "gone") + " " + count(connection, "outer") + " " + count(connection, "inner"), "0 1 0");
            connection.rollback();
        }
    }

    static void prepared() throws Exception {
        try (Connection connection = connect("prepareThreshold", "1", "autosave", "always")) {
            connection.setAutoCommit(false);
            try (PreparedStatement statement = connection.prepareStatement("SELECT ?::int + 1 FROM items WHERE run = ? LIMIT 1")) {
                for (int number = 0; number < 5; number++) {
                    statement.setInt(1, number);
                    statement.setString(2, RUN);
                    try (ResultSet rows = statement.executeQuery()) {
                        rows.next();
                        equal(rows.getInt(1), number + 1);
                    }
                    connection.commit();
                }
            }
            try (PreparedStatement statement = connection.prepareStatement(INSERT)) {
                for (int number = 0; number < 300; number++) {
                    statement.setString(1, RUN);
                    statement.setString(2, "many" + number);
                    statement.setString(3, TENANT);
                    statement.setInt(4, number);
                    statement.addBatch();
                }
                equal(statement.executeBatch().length, 300);
            }
            connection.commit();
            equal(count(connection, "many%"), 300);
            connection.commit();
        }
    }

    static void copies() throws Exception {
        try (Connection connection = connect()) {
            var copies = connection.unwrap(PGConnection.class).getCopyAPI();
            StringWriter out = new StringWriter();
            copies.copyOut("COPY (SELECT DISTINCT owner FROM items) TO STDOUT", out);
            equal(out.toString().strip(), TENANT);
            StringBuilder lines = new StringBuilder();
            for (int number = 0; number < 3000; number++) {
                lines.append(RUN + "\tcopied" + number + "\t" + TENANT + "\t" + number + "\n");
            }
            Check copyIn = () -> copies.copyIn("COPY items (run, sku, owner, qty) FROM STDIN", new StringReader(lines.toString()));
            if (IS_SHARED) {
                raises("0A000", copyIn);
                equal(one(connection, "SELECT 1"), 1);
                return;
            }
            copyIn.run();
            equal(count(connection, "copied%"), 3000);
        }
    }

    static void cursors() throws Exception {
        try (Connection connection = connect()) {
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                statement.setFetchSize(7);
                try (ResultSet rows = statement.executeQuery("SELECT n FROM generate_series(1, 100) n")) {
                    int expected = 1;
                    while (rows.next()) {
                        equal(rows.getInt(1), expected++);
                    }
                    equal(expected, 101);
                }
            }
            connection.commit();
        }
    }

    static void large() throws Exception {
        String note = "x".repeat(1_000_000);
        try (Connection connection = connect();
                PreparedStatement statement = connection.prepareStatement("INSERT INTO items (run, sku, owner, note, raw) VALUES (?, 'large', ?, ?, ?)")) {
            statement.setString(1, RUN);
            statement.setString(2, TENANT);
            statement.setString(3, note);
            statement.setBytes(4, new byte[1_000_000]);
            statement.executeUpdate();
            equal(one(connection, "SELECT note FROM items WHERE run = ? AND sku = 'large'", RUN).equals(note), true);
            equal(one(connection, "SELECT length(raw) FROM items WHERE run = ? AND sku = 'large'", RUN), 1_000_000);
        }
    }

    static void errors() throws Exception {
        try (Connection connection = connect()) {
            raises("42601", () -> run(connection, "SELEC 1"));
            raises("42P01", () -> run(connection, "SELECT * FROM nowhere"));
            raises("23514", () -> insert(connection, "less", -1));
            raises("22012", () -> one(connection, "SELECT 1 / ?", 0));
            equal(one(connection, "SELECT 1"), 1);
        }
    }

    static void timeouts() throws Exception {
        try (Connection connection = connect(); Statement statement = connection.createStatement()) {
            // The driver cancels by a connection of its own.
            statement.setQueryTimeout(1);
            raises("57014", () -> statement.executeQuery(ENDLESS));
            statement.setQueryTimeout(0);
            equal(one(connection, "SELECT 1"), 1);
            connection.setAutoCommit(false);
            run(connection, "SET LOCAL statement_timeout = 100");
            raises("57014", () -> run(connection, ENDLESS));
            connection.rollback();
        }
    }

    static void settings() throws Exception {
        try (Connection connection = connect("options", "-c statement_timeout=54321")) {
            run(connection, "SET TimeZone = 'America/New_York'");
            run(connection, "SET search_path = public");
            for (int turn = 0; turn < 3; turn++) {
                equal(one(connection, "SHOW TimeZone"), "America/New_York");
                equal(one(connection, "SHOW statement_timeout"), "54321ms");
                ownOnly(connection);
            }
        }
    }

    static void notifications() throws Exception {
        try (Connection listener = connect(); Connection sender = connect()) {
            run(listener, "LISTEN \"" + RUN + "\"");
            run(sender, "NOTIFY \"" + RUN + "\", 'hello'");
            PGNotification[] told = listener.unwrap(PGConnection.class).getNotifications(20_000);
            equal(told.length, 1);
            equal(told[0].getName() + " " + told[0].getParameter(), RUN + " hello");
        }
    }

    static void describes() throws Exception {
        try (Connection connection = connect(); ResultSet rows = connection.getMetaData().getColumns(null, null, "items", null)) {
            List<String> columns = new ArrayList<>();
            while (rows.next()) {
                columns.add(rows.getString("COLUMN_NAME"));
            }
            equal(columns.containsAll(List.of("id", "run", "sku", "owner", "tags")), true);
        }
    }

    static void upserts() throws Exception {
        String sql = "INSERT INTO items (run, sku, owner, qty) VALUES (?, ?, ?, 2)"
                + " ON CONFLICT (run, sku) DO UPDATE SET qty = excluded.qty + items.qty RETURNING qty";
        try (Connection connection = connect()) {
            for (int expected : new int[] {2, 4, 6}) {
                equal(one(connection, sql, RUN, "upsert", TENANT), expected);
            }
        }
    }

    static void pools() throws Exception {
        var threads = Executors.newFixedThreadPool(POOL);
        List<Future<?>> works = new ArrayList<>();
        for (int worker = 0; worker < POOL; worker++) {
            int number = worker;
            works.add(threads.submit(() -> {
                try (Connection connection = connect()) {
                    connection.setAutoCommit(false);
                    for (int turn = 0; turn < TRANSACTIONS; turn++) {
                        insert(connection, "pool" + number + "-" + turn, turn);
                        ownOnly(connection);
                        connection.commit();
                    }
                }
                return null;
            }));
        }
        for (Future<?> work : works) {
            work.get();
        }
        threads.shutdown();
        try (Connection connection = connect()) {
            equal(count(connection, "pool%"), POOL * TRANSACTIONS);
        }
    }

    public static void main(String[] arguments) {
        Map<String, Check> checks = new LinkedHashMap<>();
        checks.put("connects", Script::connects);
        checks.put("types", Script::types);
        checks.put("transactions", Script::transactions);
        checks.put("prepared", Script::prepared);
        checks.put("copies", Script::copies);
        checks.put("cursors", Script::cursors);
        checks.put("large", Script::large);
        checks.put("errors", Script::errors);
        checks.put("timeouts", Script::timeouts);
        checks.put("settings", Script::settings);
        checks.put("notifications", Script::notifications);
        checks.put("describes", Script::describes);
        checks.put("upserts", Script::upserts);
        checks.put("pools", Script::pools);
        boolean hasFailed = false;
        for (var check : checks.entrySet()) {
            try {
                check.getValue().run();
                System.out.println("ok " + check.getKey());
            } catch (Throwable error) {
                hasFailed = true;
                System.out.println("FAIL " + check.getKey() + ": " + error);
                error.printStackTrace();
            }
        }
        System.exit(hasFailed ? 1 : 0);
    }
}
