import type { z } from 'zod';
import type { DryRunView } from '../../serving/memory/dry-runs.ts';
import type { DryRun } from '../schemas/dry-run.ts';
import { presentEstimate } from './allocation.ts';
import { orNull } from './units.ts';

export function presentDryRun(view: DryRunView): z.output<typeof DryRun> {
  return {
    model_id: view.modelId,
    version: orNull(view.version),
    dry_run: true,
    resident: view.isResident,
    allocation: presentEstimate(view.allocation),
    needed_bytes: view.neededBytes,
    basis: view.basis,
    admitted: view.isAdmitted,
    would_evict: [...view.wouldEvict],
    budget_bytes: view.budgetBytes,
    free_bytes: view.freeBytes,
    could_be_freed_bytes: view.couldBeFreedBytes,
    holders: view.holders.map((holder) => ({ ...holder })),
  };
}
