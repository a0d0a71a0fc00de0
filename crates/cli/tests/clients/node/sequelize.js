// Sequelize, an ORM that sets up each of its connections by statements of its own.
import assert from 'node:assert/strict';

import { DataTypes, Op, QueryTypes, Sequelize, Transaction } from 'sequelize';

import { address, endless, megabyte, options, own, poolSize, raises, run, runAll, tenant, transactions } from './script.js';

const { user, password, database, host, port } = address;
const sequelize = new Sequelize(database, user, password, {
  host, port, dialect: 'postgres', logging: false, pool: { max: poolSize, min: 0, acquire: 300_000 }, dialectOptions: options ? { options } : {},
  define: { timestamps: false },
});
const Item = sequelize.define('items', {
  id: { type: DataTypes.BIGINT, primaryKey: true, autoIncrement: true },
  run: { type: DataTypes.TEXT, defaultValue: run },
  sku: DataTypes.TEXT,
  owner: { type: DataTypes.TEXT, defaultValue: tenant },
  qty: DataTypes.INTEGER,
  big: DataTypes.BIGINT,
  ratio: DataTypes.DOUBLE,
  amount: DataTypes.DECIMAL(12, 2),
  is_on: DataTypes.BOOLEAN,
  token: DataTypes.UUID,
  taken: DataTypes.DATE,
  day: DataTypes.DATEONLY,
  data: DataTypes.JSONB,
  tags: DataTypes.ARRAY(DataTypes.TEXT),
  raw: DataTypes.BLOB,
  note: DataTypes.TEXT,
});

async function connects() {
  await sequelize.authenticate();
  await Item.destroy({ where: { run } });
}

async function types() {
  const values = {
    sku: 'types', qty: 7, big: String(2n ** 62n), ratio: 0.1, amount: '12.50', is_on: true,
    token: '7c9e6679-7425-40de-944b-e07fc1f90ae7', taken: new Date('2024-02-29T12:30:15.123Z'), day: '2024-02-29',
    data: { a: [1, null, 'ü'] }, tags: ['a', 'b c', '"'], raw: Buffer.from([...Array(256).keys()]), note: 'Ünïcode ✓ \'"\\',
  };
  await Item.create(values);
  const item = await Item.findOne({ where: { run, sku: 'types', tags: { [Op.contains]: ['a'] } } });
  assert.deepEqual(Object.fromEntries(Object.keys(values).map((name) => [name, item.get(name)])), values);
  assert.equal(item.owner, tenant);
}

async function transacts() {
  await assert.rejects(sequelize.transaction(async (transaction) => {
    await Item.create({ sku: 'gone' }, { transaction });
    throw new Error('on purpose');
  }), /on purpose/);
  await sequelize.transaction({ isolationLevel: Transaction.ISOLATION_LEVELS.READ_COMMITTED }, async (transaction) => {
    await Item.create({ sku: 'outer' }, { transaction });
    await raises('23505', sequelize.transaction({ transaction }, async (inner) => {
      await Item.create({ sku: 'inner' }, { transaction: inner });
      await Item.create({ sku: 'inner' }, { transaction: inner });
    }));
  });
  const found = [];
  for (const sku of ['gone', 'outer', 'inner']) found.push(await Item.count({ where: { run, sku } }));
  assert.deepEqual(found, [0, 1, 0]);
}

async function inserts_many() {
  const made = await Item.bulkCreate(Array.from({ length: 500 }, (_, qty) => ({ sku: `many${qty}`, qty })));
  assert.equal(new Set(made.map((item) => item.id)).size, 500);
  const groups = await Item.findAll({
    where: { run }, attributes: ['owner', [sequelize.fn('count', sequelize.col('id')), 'n']], group: ['owner'], raw: true,
  });
  own(groups.map((group) => group.owner));
}

async function large() {
  await Item.create({ sku: 'large', note: megabyte });
  assert.ok((await Item.findOne({ where: { run, sku: 'large' } })).note === megabyte);
}

async function errors() {
  await raises('42601', sequelize.query('SELEC 1'));
  await raises('42P01', sequelize.query('SELECT * FROM nowhere'));
  await raises('22012', sequelize.query('SELECT 1 / $1::int', { bind: [0] }));
  await raises('57014', sequelize.transaction(async (transaction) => {
    await sequelize.query('SET LOCAL statement_timeout = 100', { transaction });
    await sequelize.query(endless, { transaction });
  }));
}

async function settings() {
  // Sequelize sets the zone of each connection to UTC as an interval.
  const zones = await Promise.all(Array.from({ length: 40 }, () => sequelize.query(
    "SELECT ('2024-01-02 00:00+00'::timestamptz)::text AS at", { type: QueryTypes.SELECT })));
  assert.deepEqual(new Set(zones.map(([row]) => row.at)), new Set(['2024-01-02 00:00:00+00']));
}

async function describes() {
  // It reads comments by way of the statistics views, which tell of other tenants' tables and are closed.
  await raises('42501', sequelize.getQueryInterface().describeTable('items'));
}

async function upserts() {
  for (const qty of [2, 3]) await Item.upsert({ sku: 'upsert', qty }, { conflictFields: ['run', 'sku'] });
  assert.equal((await Item.findOne({ where: { run, sku: 'upsert' } })).qty, 3);
  const [, isNew] = await Item.findOrCreate({ where: { run, sku: 'upsert' } });
  assert.equal(isNew, false);
}

async function pools() {
  const work = async (worker) => {
    for (let number = 0; number < transactions; number += 1) {
      await sequelize.transaction(async (transaction) => {
        await Item.create({ sku: `pool${worker}-${number}` }, { transaction });
        const seen = await Item.findAll({ attributes: ['owner'], group: ['owner'], raw: true, transaction });
        own(seen.map((row) => row.owner));
      });
    }
  };
  await Promise.all(Array.from({ length: poolSize }, (_, worker) => work(worker)));
  const found = await sequelize.query("SELECT count(*)::int AS n FROM items WHERE run = $1 AND sku LIKE 'pool%'",
    { bind: [run], type: QueryTypes.SELECT });
  assert.equal(found[0].n, poolSize * transactions);
}

await runAll([connects, types, transacts, inserts_many, large, errors, settings, describes, upserts, pools]);
