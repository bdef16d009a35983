import type { Evidence } from './evidence.ts';
import type { KeyRecord } from './key-rule.ts';
import { NO_LIVE_EVIDENCE } from './live.ts';
import { NO_PAIR_EVIDENCE } from './pairs.ts';
import { EMPTY_REGISTER, enter, type Register } from './register.ts';
import { NO_TIME_EVIDENCE, type TimeEvidence } from './times.ts';
import type { Wealth } from './wealth.ts';

/** What is kept of the evidence for a resume. It survives JSON unchanged. */
export interface EvidenceRecord {
  readonly live: { readonly wealth: Wealth; readonly keys: Register<KeyRecord> };
  readonly pairs: { readonly wealth: Wealth; readonly used: Register<true> };
  readonly cpuTime: TimeEvidence;
  readonly wallTime: TimeEvidence;
}

/** The open block is left out: a resume begins a new one, and what was pending is lost on both sides alike. */
export function evidenceRecord({ live: { wealth, keys }, pairs, cpuTime, wallTime }: Evidence): EvidenceRecord {
  return { live: { wealth, keys }, pairs, cpuTime, wallTime };
}

/**
 * The evidence to resume with, of what JSON gave back.
 *
 * @throws RangeError when it is not what `evidenceRecord` wrote: a verdict on half of the evidence is no verdict
 */
export function resumedEvidence(value: unknown): Evidence {
  const { live, pairs, cpuTime, wallTime } = membersOf(value);
  const { wealth, keys } = membersOf(live);
  const { wealth: pairWealth, used } = membersOf(pairs);
  return {
    live: {
      wealth: numbersLike(wealth, NO_LIVE_EVIDENCE.wealth),
      keys: registerOf(keys, keyRecordOf),
      blocks: [],
    },
    pairs: { wealth: numbersLike(pairWealth, NO_PAIR_EVIDENCE.wealth), used: registerOf(used, trueOf) },
    cpuTime: numbersLike(cpuTime, NO_TIME_EVIDENCE),
    wallTime: numbersLike(wallTime, NO_TIME_EVIDENCE),
  };
}

type Nested = number | readonly Nested[];

/** Arrays of the same lengths as the model's, with finite numbers in them. */
function numbersLike<T extends Nested>(value: unknown, model: T): T {
  if (!isLike(value, model)) throw malformed('its wealth is not of this version');
  // `isLike` has compared every level.
  return value as T;
}

function isLike(value: unknown, model: Nested): boolean {
  if (typeof model === 'number') return typeof value === 'number' && Number.isFinite(value);
  return (
    Array.isArray(value) && value.length === model.length && model.every((one, index) => isLike(value[index], one))
  );
}

/** Entered anew, so that each entry is found where it belongs. */
function registerOf<V>(value: unknown, entryOf: (value: unknown) => V): Register<V> {
  const { size, buckets } = membersOf(value);
  const entries = listOf(buckets).flatMap(listOf).map(listOf);
  const register = entries.reduce<Register<V>>(
    (sum, [hash, one]) => enter(sum, textOf(hash), entryOf(one)),
    EMPTY_REGISTER,
  );
  if (register.size !== size || entries.length !== size) throw malformed('a register does not hold what it says');
  return register;
}

function keyRecordOf(value: unknown): KeyRecord {
  const { weight, arm } = membersOf(value);
  if (typeof weight === 'number' && weight >= 0 && weight <= 1 && (arm === 'new' || arm === 'old')) {
    return { weight, arm };
  }
  throw malformed('a key has no weight and version');
}

function trueOf(value: unknown): true {
  if (value === true) return true;
  throw malformed('an input is not marked as used');
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  throw malformed('an entry has no name');
}

function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw malformed('a list is missing');
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw malformed('an object is missing');
}

function malformed(what: string): RangeError {
  return new RangeError(`The recorded evidence can not be read: ${what}. Roll the update back, or begin it anew.`);
}
