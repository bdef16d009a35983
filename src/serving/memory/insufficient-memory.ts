import { AppError } from '../../core/errors.ts';
import type { EvictionPlan, Holder } from '../../core/memory/eviction-plan.ts';

export type Refusal = Extract<EvictionPlan, { readonly fits: false }>;

const REASONS: Readonly<Record<Holder['reason'], string>> = {
  draining: 'being unloaded',
  loading: 'being loaded',
  busy: 'answering requests',
  replacing: 'being replaced by a fresh one',
  pinned: 'pinned',
  held: 'kept until another has taken its place',
  only_proven_version: 'the only version of a pinned model that can answer',
};

/** 507: what was needed, what is free, what could be freed, and who holds the rest. Nothing was changed. */
export function insufficientMemory(label: string, budgetBytes: number, plan: Refusal, nameOf: (key: string) => string) {
  const { neededBytes, freeBytes, couldBeFreedBytes, couldBeFreedLaterBytes } = plan;
  const holders = plan.holders.map(({ key, bytes, reason }) => ({ model: nameOf(key), bytes, reason }));
  const held = holders.map(({ model, bytes, reason }) => `${model} (${gigabytes(bytes)}, ${REASONS[reason]})`);
  return new AppError(
    'insufficient_memory',
    `${label} needs ${gigabytes(neededBytes)}; of the memory budget of ${gigabytes(budgetBytes)}, ${gigabytes(Math.max(0, freeBytes))} are free and ${gigabytes(couldBeFreedBytes)} could be freed.`,
    {
      next: advice(neededBytes > budgetBytes, held),
      ...(plan.mayFitLater ? { retryAfterS: 5 } : {}),
      details: {
        needed_bytes: neededBytes,
        free_bytes: Math.max(0, freeBytes),
        could_be_freed_bytes: couldBeFreedBytes,
        could_be_freed_later_bytes: couldBeFreedLaterBytes,
        budget_bytes: budgetBytes,
        holders,
      },
    },
  );
}

function advice(isTooLarge: boolean, held: readonly string[]): string {
  if (isTooLarge || held.length === 0) return 'Raise --memory-budget, or use a smaller model.';
  return `Unload or unpin what holds the rest, or raise --memory-budget. It is held by ${held.join(', ')}.`;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(2)} GB`;
}
