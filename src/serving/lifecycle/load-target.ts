import type { ModelId } from '../../core/model/model-id.ts';
import type { VersionName } from '../../core/model/version.ts';
import type { CatalogVersion } from '../ports/catalog.ts';
import type { DesiredVersion } from '../ports/store.ts';
import type { LoadOptions, LoadRequest } from '../service.ts';
import { parseStoredOptions } from './load-options.ts';
import type { LoadPlan } from './loader.ts';
import type { LoadSettings, Resident } from './resident.ts';

export interface LoadTarget {
  readonly modelId: ModelId;
  readonly version: VersionName;
  readonly plan: LoadPlan;
  readonly settings: LoadSettings;
  readonly pinned: boolean;
  /** Whether it is to serve where no other version does or is to. */
  readonly mayServe: boolean;
  /** Whether idle versions may be evicted for it. */
  readonly mayEvict: boolean;
  /** Nobody waits for it: a failure is kept as a `failed` version, so that its reason can be read. */
  readonly background: boolean;
  /** It is not to be here after a restart by itself: an update sees to it. */
  readonly isTransient?: boolean;
}

/** A load that nobody asks for in particular: of what is on disk, as it was last asked for. */
export function targetOnDisk(files: CatalogVersion, known: DesiredVersion | undefined, mayServe: boolean): LoadTarget {
  return {
    modelId: files.modelId,
    version: files.version,
    plan: { kind: 'catalog', files },
    settings: {
      source: originOf(files, known),
      sha256: undefined,
      options: parseStoredOptions(known?.options ?? {}),
    },
    pinned: known?.pinned ?? false,
    mayServe,
    mayEvict: true,
    background: true,
  };
}

/** A load as a request wants it. What the request leaves open is as it was last asked for. */
export function requestedTarget(
  request: LoadRequest,
  version: VersionName,
  plan: LoadPlan,
  last: { readonly resident?: Resident | undefined; readonly known?: DesiredVersion | undefined },
): LoadTarget {
  const { resident, known } = last;
  return {
    modelId: request.modelId,
    version,
    plan,
    settings: {
      source: plan.kind === 'source' ? plan.source : originOf(plan.files, known),
      sha256: request.sha256,
      options: requestedOptions(request.options, last),
    },
    pinned: request.pinned ?? resident?.pinned ?? known?.pinned ?? false,
    mayServe: true,
    mayEvict: true,
    background: !request.wait,
  };
}

/** A request that names no options is not meant to lose those that were given before. */
export function requestedOptions(
  options: LoadOptions,
  { resident, known }: { readonly resident?: Resident | undefined; readonly known?: DesiredVersion | undefined },
): LoadOptions {
  if (Object.keys(options).length > 0) return options;
  return resident?.settings.options ?? parseStoredOptions(known?.options ?? {});
}

/** The source that brought a version on disk: what is noted beside it, or else what was recorded when it was loaded. */
export function originOf(files: CatalogVersion, known: DesiredVersion | undefined): string | undefined {
  return files.origin === 'data' ? (files.source ?? known?.source) : undefined;
}
