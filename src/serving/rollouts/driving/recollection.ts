import { AppError } from '../../../core/errors.ts';
import { parseModelId } from '../../../core/model/model-id.ts';
import { parseVersion } from '../../../core/model/version.ts';
import type { LogEntry } from '../../../core/rollout/log-entry.ts';
import { type RolloutOptions, resolveRolloutConfig } from '../../../core/rollout/rollout-config.ts';
import { rolloutConfigFaults } from '../../../core/rollout/rollout-config-faults.ts';
import type { RolloutRecord } from '../../ports/store.ts';
import type { RolloutIdentity } from './identity.ts';
import { settingsOfRecord } from './recorded-settings.ts';
import { Rollout } from './rollout.ts';
import type { RolloutServices } from './rollout-services.ts';

/**
 * Reads what is recorded of updates, and goes on with those that were under way, as far as that can be without their
 * versions: from then on it is known which version is to serve. The oldest first.
 */
export async function recallRollouts(services: RolloutServices, add: (rollout: Rollout) => void): Promise<void> {
  const { store, logger } = services;
  const clean = await hasEndedInOrder(services);
  for (const record of await store.listRollouts()) {
    try {
      await recall(record, clean, services, add);
    } catch (error) {
      logger.error({ rollout: record.id, err: error }, 'an update that was recorded can not be read');
    }
  }
}

async function recall(
  record: RolloutRecord,
  clean: boolean,
  services: RolloutServices,
  add: (rollout: Rollout) => void,
): Promise<void> {
  const entries = await services.store.listRolloutEntries(record.id);
  const identity = identityOf(record);
  const rollout = Rollout.recall(identity, services, {
    // The server itself wrote them, and refused what had a gap.
    entries: entries.map(({ entry }) => entry as unknown as LogEntry),
    progress: record.progress,
  });
  add(rollout);
  if (rollout.isOver) return;
  rollout.resume(clean);
  await services.hosting.settle(identity, rollout.state);
}

/** Where that can not be told, it has not: a disk that is full keeps no server from starting. */
async function hasEndedInOrder({ store, logger }: RolloutServices): Promise<boolean> {
  try {
    return await store.takeCleanEnd();
  } catch (error) {
    logger.error({ err: error }, 'it is not known whether the server ended in order');
    return false;
  }
}

function identityOf({ id, modelId, oldVersion, newVersion, config, createdAt }: RolloutRecord): RolloutIdentity {
  // Written by this server from a checked one; what a newer one has added takes its default.
  const recorded = (config['config'] ?? {}) as RolloutOptions;
  const resolved = resolveRolloutConfig(recorded);
  const faults = rolloutConfigFaults(resolved);
  if (faults.length > 0) throw new AppError('internal', `its configuration is invalid: ${faults.join('; ')}`);
  return {
    id,
    modelId: parseModelId(modelId),
    oldVersion: parseVersion(oldVersion),
    newVersion: parseVersion(newVersion),
    config: resolved,
    settings: { old: settingsOfRecord(config['before']), new: settingsOfRecord(config['load']) },
    createdAt,
  };
}
