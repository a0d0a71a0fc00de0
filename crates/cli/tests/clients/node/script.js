// What every Node client goes through: checks by name, each told as `ok` or `FAIL`. The environment is that of
// ../python/script.py.
import assert from 'node:assert/strict';

const { PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE, PGOPTIONS, TENANT, DOOR, ISOLATION, RUN } = process.env;
// Or the driver would add them where a check wants to be without.
delete process.env.PGOPTIONS;
export const tenant = TENANT;
export const isolation = ISOLATION;
export const run = RUN;
export const isAppDoor = DOOR === 'app';
export const megabyte = 'x'.repeat(1_000_000);
export const endless = 'SELECT count(*) FROM generate_series(1, 10000000000)';
export const poolSize = 8;
export const transactions = 25;
export const address = { host: PGHOST, port: Number(PGPORT), user: PGUSER, password: PGPASSWORD, database: PGDATABASE };
export const options = PGOPTIONS || undefined;

/** Fails where a row of another tenant was seen, or none at all. */
export function own(owners) {
  assert.deepEqual([...new Set(owners)], [TENANT], 'rows of whom');
}

/** Expects this SQLSTATE. */
export async function raises(code, promise) {
  try {
    await promise;
  } catch (error) {
    assert.equal((error.original ?? error).code, code, error.message);
    return;
  }
  assert.fail(`no error, ${code} was expected`);
}

/** Runs every check in its order, then ends the process. */
export async function runAll(checks) {
  let failures = 0;
  for (const check of checks) {
    try {
      await check();
      console.log(`ok ${check.name}`);
    } catch (error) {
      failures += 1;
      console.log(`FAIL ${check.name}: ${error.message.trim().replaceAll('\n', ' ')}`);
      console.error(error);
    }
  }
  process.exit(failures > 0 ? 1 : 0);
}
