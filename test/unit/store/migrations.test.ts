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
