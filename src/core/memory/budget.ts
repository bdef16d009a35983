import { AppError } from '../errors.ts';

/** The memory that this server may count on, as the system tells it. */
export interface HostMemory {
  /** The limit of the control group (version 1 or 2), or undefined where none is set. */
  readonly cgroupLimitBytes: number | undefined;
  readonly machineBytes: number;
}

/** What the setting says, before it meets a machine. */
export type BudgetSetting =
  | { readonly kind: 'bytes'; readonly bytes: number }
  /** More than 0, at most 1. */
  | { readonly kind: 'share'; readonly share: number };

export interface Budget {
  readonly bytes: number;
  /** The cgroup's limit or the machine's memory, whichever is smaller. */
  readonly availableBytes: number;
  /** Which of the two `availableBytes` is. */
  readonly availableFrom: 'cgroup' | 'machine';
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['b', 1],
  ['kb', 1e3],
  ['mb', 1e6],
  ['gb', 1e9],
  ['tb', 1e12],
  ['kib', 2 ** 10],
  ['mib', 2 ** 20],
  ['gib', 2 ** 30],
  ['tib', 2 ** 40],
]);

/** A bare `G` is 10⁹ to some tools and 2³⁰ to others, so it is not taken; Kubernetes' `Gi` is clear. */
const SHORT_BINARY = /^[kmgt]i$/;

/**
 * Reads `8GiB`, `512MB`, `1.5 GB`, `123456` (bytes) or `70%`. KB, MB, GB and TB are powers of 1000; KiB, MiB, GiB and
 * TiB, or Ki, Mi, Gi and Ti, powers of 1024.
 *
 * @throws AppError `invalid_request` with what was wrong
 */
export function parseBudgetSetting(text: string): BudgetSetting {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*|%)$/.exec(text.trim().toLowerCase());
  const [, digits = '', unit = ''] = match ?? [];
  if (match === null) throw invalid(text, 'it is neither a number of bytes nor a share');
  const value = Number(digits);
  if (unit === '%') {
    if (value > 0 && value <= 100) return { kind: 'share', share: value / 100 };
    throw invalid(text, 'a share is more than 0% and at most 100%');
  }
  const scale = UNITS.get(SHORT_BINARY.test(unit) ? `${unit}b` : unit);
  if (scale === undefined) throw invalid(text, `the unit ${JSON.stringify(unit)} is not known`);
  const bytes = value * scale;
  if (scale === 1 && !Number.isInteger(bytes)) throw invalid(text, 'a number of bytes has no fraction');
  if (bytes < 1) throw invalid(text, 'a budget of nothing holds no model');
  if (bytes > Number.MAX_SAFE_INTEGER) throw invalid(text, 'it is larger than any machine');
  return { kind: 'bytes', bytes: Math.floor(bytes) };
}

/**
 * The budget in bytes. A share is one of the cgroup's limit, or of the machine's memory where that is smaller or there
 * is no limit (cgroup 1 says "no limit" by a number near 2⁶³). A number of bytes is taken as given, even above
 * `availableBytes`: the caller warns of it.
 *
 * @throws AppError `invalid_request` with what was wrong
 */
export function resolveBudget(text: string, host: HostMemory): Budget {
  const setting = parseBudgetSetting(text);
  const limit = host.cgroupLimitBytes;
  const available: Omit<Budget, 'bytes'> =
    limit !== undefined && limit < host.machineBytes
      ? { availableBytes: limit, availableFrom: 'cgroup' }
      : { availableBytes: host.machineBytes, availableFrom: 'machine' };
  const bytes = setting.kind === 'bytes' ? setting.bytes : Math.floor(setting.share * available.availableBytes);
  return { bytes, ...available };
}

function invalid(text: string, reason: string): AppError {
  return new AppError('invalid_request', `Invalid memory budget ${JSON.stringify(text.slice(0, 40))}: ${reason}.`, {
    next: 'Give bytes with a unit ("8GiB", "512MB"), bytes alone ("123456789"), or a share ("70%").',
  });
}
