// node-postgres, with pg-cursor and pg-copy-streams.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';

import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import Cursor from 'pg-cursor';

import { address, endless, isAppDoor, isolation, megabyte, options, own, poolSize, raises, run, runAll, tenant, transactions } from './script.js';

const INSERT = 'INSERT INTO items (run, sku, owner, qty) VALUES ($1, $2, $3, $4)';
const COUNT = 'SELECT count(*)::int AS n FROM items WHERE run = $1 AND sku LIKE $2';

async function connected(work, more = {}) {
  const client = new pg.Client({ ...address, options, ...more });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

const count = async (client, pattern) => (await client.query(COUNT, [run, pattern])).rows[0].n;
const more = (extra) => [options, extra].filter(Boolean).join(' ');

async function connects() {
  await connected(async (client) => {
    await client.query('DELETE FROM items WHERE run = $1', [run]);
    const found = await client.query("SELECT current_setting('application_name') AS name");
    assert.equal(found.rows[0].name, 'clients');
  }, { application_name: 'clients' });
}

async function names_tenant_by_statement() {
  if (!isAppDoor) return;
  await connected(async (client) => {
    await raises('28000', client.query('SELECT 1'));
    await raises('28000', client.query('SELECT $1::int', [1]));
    await client.query(`SET app.current_tenant = '${tenant}'`);
    assert.equal((await client.query('SELECT 1 AS n')).rows[0].n, 1);
  }, { options: undefined });
}

async function types() {
  const row = {
    run, sku: 'types', owner: tenant, qty: 7, big: String(2n ** 62n), ratio: 0.1, amount: '12.50', is_on: true,
    token: '7c9e6679-7425-40de-944b-e07fc1f90ae7', taken: new Date('2024-02-29T12:30:15.123Z'),
    data: { a: [1, null, 'ü'] }, tags: ['a', 'b c', null, '"'], raw: Buffer.from([...Array(256).keys()]),
    note: 'Ünïcode ✓ \'"\\',
  };
  const names = Object.keys(row);
  const values = names.map((_, at) => `$${at + 1}`);
  await connected(async (client) => {
    const sql = `INSERT INTO items (${names}) VALUES (${values}) RETURNING ${names}`;
    assert.deepEqual({ ...(await client.query(sql, Object.values(row))).rows[0] }, row);
    for (const binary of [false, true]) {
      // No fractions: this driver reads their binary form wrongly, from any server.
      const text = 'SELECT qty, big::text, is_on, note FROM items WHERE run = $1 AND sku = $2';
      const found = await client.query({ text, values: [run, 'types'], binary });
      const { qty, big, is_on, note } = row;
      assert.deepEqual({ ...found.rows[0] }, { qty, big, is_on, note });
    }
  });
}

async function transacts() {
  await connected(async (client) => {
    await client.query('BEGIN');
    await client.query(INSERT, [run, 'gone', tenant, 1]);
    await client.query('ROLLBACK');
    await client.query('BEGIN');
    await client.query(INSERT, [run, 'outer', tenant, 1]);
    await client.query('SAVEPOINT one');
    await client.query(INSERT, [run, 'inner', tenant, 1]);
    await raises('23505', client.query(INSERT, [run, 'inner', tenant, 1]));
    await client.query('ROLLBACK TO SAVEPOINT one');
    await client.query('COMMIT');
    const found = [];
    for (const sku of ['gone', 'outer', 'inner']) found.push(await count(client, sku));
    assert.deepEqual(found, [0, 1, 0]);
  });
}

async function prepares() {
  await connected(async (client) => {
    for (let number = 0; number < 5; number += 1) {
      await client.query('BEGIN');
      const text = 'SELECT $1::int + 1 AS n, owner FROM items WHERE run = $2 LIMIT 1';
      const found = await client.query({ name: 'plus', text, values: [number, run] });
      await client.query('COMMIT');
      assert.deepEqual({ ...found.rows[0] }, { n: number + 1, owner: tenant });
    }
  });
}

async function copies() {
  await connected(async (client) => {
    const parts = await client.query(copyTo('COPY (SELECT owner FROM items) TO STDOUT')).toArray();
    own(Buffer.concat(parts).toString().trim().split('\n'));
    const lines = Array.from({ length: 3000 }, (_, n) => `${run}\tcopied${n}\t${tenant}\t${n}\n`);
    const copyIn = pipeline(Readable.from(lines), client.query(copyFrom('COPY items (run, sku, owner, qty) FROM STDIN')));
    if (isolation === 'shared') {
      await raises('0A000', copyIn);
      assert.equal((await client.query('SELECT 1 AS n')).rows[0].n, 1);
      return;
    }
    await copyIn;
    assert.equal(await count(client, 'copied%'), 3000);
  });
}

async function cursors() {
  await connected(async (client) => {
    await client.query('BEGIN');
    const cursor = client.query(new Cursor('SELECT n FROM generate_series(1, $1::int) n', [100]));
    const found = [];
    for (let rows = await cursor.read(7); rows.length > 0; rows = await cursor.read(7)) found.push(...rows.map((row) => row.n));
    assert.deepEqual(found, Array.from({ length: 100 }, (_, at) => at + 1));
    await cursor.close();
    await client.query('COMMIT');
    // One that is closed before its end, outside of a transaction.
    const other = client.query(new Cursor('SELECT n FROM generate_series(1, 100) n'));
    assert.equal((await other.read(3)).length, 3);
    await other.close();
    assert.equal((await client.query('SELECT 1 AS n')).rows[0].n, 1);
  });
}

async function large() {
  await connected(async (client) => {
    const raw = Buffer.alloc(1_000_000, 0xff);
    await client.query("INSERT INTO items (run, sku, owner, note, raw) VALUES ($1, 'large', $2, $3, $4)", [run, tenant, megabyte, raw]);
    const found = await client.query("SELECT note, raw FROM items WHERE run = $1 AND sku = 'large'", [run]);
    assert.ok(found.rows[0].note === megabyte && raw.equals(found.rows[0].raw));
  });
}

async function errors() {
  await connected(async (client) => {
    await raises('42601', client.query('SELEC 1'));
    await raises('42P01', client.query('SELECT * FROM nowhere'));
    await raises('23514', client.query(INSERT, [run, 'less', tenant, -1]));
    await raises('22012', client.query('SELECT 1 / $1::int', [0]));
    // Sent behind each other: one that fails takes none with it.
    const all = await Promise.allSettled(['SELECT 1', 'SELECT nothing', 'SELECT 2'].map((sql) => client.query(sql)));
    assert.deepEqual(all.map((one) => one.status), ['fulfilled', 'rejected', 'fulfilled']);
  });
}

async function timeouts() {
  await connected((client) => raises('57014', client.query(endless)), { statement_timeout: 200 });
  await connected(async (client) => {
    await client.query('BEGIN');
    await client.query('SET LOCAL statement_timeout = 100');
    await raises('57014', client.query(endless));
    await client.query('ROLLBACK');
    const query = client.query(endless);
    setTimeout(() => new pg.Client({ ...address, options }).cancel(client, client._queryQueue?.[0] ?? client._activeQuery), 500);
    await raises('57014', query);
    assert.equal((await client.query('SELECT 1 AS n')).rows[0].n, 1);
  });
}

async function settings() {
  await connected(async (client) => {
    const show = async (name) => Object.values((await client.query(`SHOW ${name}`)).rows[0])[0];
    assert.equal(await show('TimeZone'), 'Asia/Tokyo');
    await client.query("SET TimeZone = 'America/New_York'");
    await client.query('SET search_path = public');
    await client.query('SET statement_timeout = 54321');
    for (let turn = 0; turn < 3; turn += 1) {
      assert.equal(await show('TimeZone'), 'America/New_York');
      assert.equal(await show('statement_timeout'), '54321ms');
      own((await client.query('SELECT owner FROM items')).rows.map((row) => row.owner));
    }
    await client.query('DISCARD ALL');
    assert.equal(await show('TimeZone'), 'Asia/Tokyo');
  }, { options: more('-c TimeZone=Asia/Tokyo') });
}

async function notifications() {
  await connected(async (listener) => {
    await listener.query(`LISTEN "${run}"`);
    const told = once(listener, 'notification', { signal: AbortSignal.timeout(20_000) });
    await connected((sender) => sender.query(`NOTIFY "${run}", 'hello'`));
    const [{ channel, payload }] = await told;
    assert.deepEqual({ channel, payload }, { channel: run, payload: 'hello' });
  });
}

async function upserts() {
  const sql = `${INSERT} ON CONFLICT (run, sku) DO UPDATE SET qty = excluded.qty + items.qty RETURNING qty`;
  await connected(async (client) => {
    for (const expected of [2, 4, 6]) {
      assert.equal((await client.query(sql, [run, 'upsert', tenant, 2])).rows[0].qty, expected);
    }
  });
}

async function pools() {
  const pool = new pg.Pool({ ...address, options, max: poolSize });
  const work = async (worker) => {
    for (let number = 0; number < transactions; number += 1) {
      const client = await pool.connect();
      try {
        await client.query('BEGIN');
        await client.query(INSERT, [run, `pool${worker}-${number}`, tenant, number]);
        own((await client.query('SELECT DISTINCT owner FROM items')).rows.map((row) => row.owner));
        await client.query('COMMIT');
      } finally {
        client.release();
      }
    }
  };
  await Promise.all(Array.from({ length: poolSize * 2 }, (_, worker) => work(worker)));
  assert.equal(await count(pool, 'pool%'), poolSize * 2 * transactions);
  await pool.end();
}

await runAll([
  connects, names_tenant_by_statement, types, transacts, prepares, copies, cursors, large, errors, timeouts, settings,
  notifications, upserts, pools,
]);
