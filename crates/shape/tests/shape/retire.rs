//! What is taken from a global table goes last, when no tenant refers to it any more.

use crate::check;

const SETUP: &str = "CREATE TABLE currencies (code text PRIMARY KEY, sign text, CONSTRAINT signs UNIQUE (sign)); CREATE INDEX by_sign ON currencies (sign); CREATE TABLE orders (id int PRIMARY KEY, currency text REFERENCES currencies, sign text REFERENCES currencies (sign)); CREATE VIEW prices AS SELECT o.id, c.sign FROM orders o JOIN currencies c ON c.code = o.currency";

#[test]
fn dropped_with_what_refers_to_it() {
    check(
        SETUP,
        r#"DROP VIEW prices; ALTER TABLE orders DROP CONSTRAINT orders_currency_fkey; ALTER TABLE orders DROP COLUMN sign; DROP TABLE currencies"#,
        r#"
shared once: DROP VIEW prices
plain tenant: DROP VIEW prices
shared once: ALTER TABLE orders DROP CONSTRAINT orders_currency_fkey
plain tenant: ALTER TABLE orders DROP CONSTRAINT orders_currency_fkey
shared once: ALTER TABLE orders DROP sign
plain tenant: ALTER TABLE orders DROP COLUMN sign
plain once: DROP TABLE currencies
last once: DROP TABLE currencies
"#,
    );
    check(
        SETUP,
        r#"DROP TABLE currencies CASCADE"#,
        r#"
shared once: ALTER TABLE orders DROP CONSTRAINT IF EXISTS orders_currency_fkey
shared once: ALTER TABLE orders DROP CONSTRAINT IF EXISTS orders_sign_fkey
shared once: DROP VIEW IF EXISTS prices CASCADE
plain tenant: ALTER TABLE orders DROP CONSTRAINT IF EXISTS orders_currency_fkey
plain tenant: ALTER TABLE orders DROP CONSTRAINT IF EXISTS orders_sign_fkey
plain tenant: DROP VIEW IF EXISTS prices CASCADE
plain once: DROP TABLE currencies CASCADE
last once: DROP TABLE currencies CASCADE
"#,
    );
}

#[test]
fn less_than_all_of_it() {
    check(
        SETUP,
        r#"ALTER TABLE orders DROP COLUMN sign; ALTER TABLE currencies DROP CONSTRAINT signs; DROP INDEX by_sign"#,
        r#"
shared once: ALTER TABLE orders DROP sign
plain tenant: ALTER TABLE orders DROP COLUMN sign
plain once: ALTER TABLE currencies DROP CONSTRAINT signs
last once: ALTER TABLE currencies DROP CONSTRAINT signs
plain once: DROP INDEX by_sign
last once: DROP INDEX by_sign
"#,
    );
    check(
        "CREATE TABLE currencies (code text PRIMARY KEY, sign text)",
        r#"ALTER TABLE currencies DROP COLUMN sign, ADD COLUMN sign int"#,
        r#"
shared once: ALTER TABLE currencies DROP COLUMN sign, ADD COLUMN sign int
plain once: ALTER TABLE currencies DROP COLUMN sign, ADD COLUMN sign int
"#,
    );
}

/// What the file goes on with can't wait.
#[test]
fn made_anew() {
    check(
        "CREATE TABLE currencies (code text PRIMARY KEY)",
        r#"DROP TABLE currencies; CREATE TABLE currencies (id int PRIMARY KEY)"#,
        r#"
shared once: DROP TABLE currencies
plain once: DROP TABLE currencies
shared once: CREATE TABLE global.currencies (id int PRIMARY KEY)
plain once: CREATE TABLE global.currencies (id int PRIMARY KEY)
"#,
    );
}
