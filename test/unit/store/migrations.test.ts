import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { migrate } from '../../../src/adapters/store/migrations.ts';

const first = 'CREATE TABLE a (x) STRICT'.replace('(x)', '(x TEXT)');
const second = 'ALTER TABLE a ADD COLUMN y TEXT';

const version = (db: DatabaseSync) => db.prepare('PRAGMA user_version').get()?.['user_version'];

describe('schema migrations', () => {
  it('run once each, in order, from where the file is', () => {
    using db = new DatabaseSync(':memory:');
    migrate(db, 'state.db', [first]);
    db.exec("INSERT INTO a (x) VALUES ('kept')");
    migrate(db, 'state.db', [first, second]);
    migrate(db, 'state.db', [first, second]);
    expect(version(db)).toBe(2);
    expect(db.prepare('SELECT x, y FROM a').all()).toEqual([{ x: 'kept', y: null }]);
  });

  it('leave the earlier schema whole when a step fails', () => {
    using db = new DatabaseSync(':memory:');
    migrate(db, 'state.db', [first]);
    expect(() => migrate(db, 'state.db', [first, `${second}; CREATE TABLE a (again TEXT)`])).toThrow('already exists');
    db.exec('ROLLBACK');
    expect(version(db)).toBe(1);
    expect(db.prepare("SELECT count(*) AS n FROM pragma_table_info('a')").get()).toEqual({ n: 1 });
  });
});

describe('the second step', () => {
  it('leaves each model one version that serves', () => {
    using db = new DatabaseSync(':memory:');
    db.exec(`CREATE TABLE desired (model_id TEXT NOT NULL, version TEXT NOT NULL, serving INTEGER NOT NULL,
      PRIMARY KEY (model_id, version)) STRICT; PRAGMA user_version = 1`);
    const put = db.prepare('INSERT INTO desired (model_id, version, serving) VALUES (?, ?, ?)');
    for (const [model, version, serving] of [
      ['a', '1', 0],
      ['a', '2', 1],
      ['a', '3', 1],
      ['b', '9', 1],
    ] as const) {
      put.run(model, version, serving);
    }
    migrate(db, 'state.db');
    const serving = db.prepare('SELECT model_id, version FROM desired WHERE serving = 1 ORDER BY model_id').all();
    expect(serving.map((row) => `${row['model_id']}@${row['version']}`)).toEqual(['a@2', 'b@9']);
    expect(() => put.run('a', '4', 1)).toThrow('UNIQUE');
  });
});
