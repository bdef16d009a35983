import fc from 'fast-check';

/** What may happen to a server. Times are in milliseconds; numbers choose among what is there. */
export type Step =
  | {
      readonly kind: 'load';
      readonly model: string;
      readonly version: string;
      readonly forceReload: boolean;
      readonly wait: boolean;
    }
  | { readonly kind: 'unload'; readonly model: string; readonly version: string | undefined }
  | {
      readonly kind: 'infer';
      readonly model: string;
      readonly version: string | undefined;
      readonly poison: boolean;
      readonly timeoutMs: number;
    }
  | { readonly kind: 'crash'; readonly which: number; readonly began: boolean }
  | { readonly kind: 'answer'; readonly which: number }
  | { readonly kind: 'fail start' }
  | { readonly kind: 'hold' }
  | { readonly kind: 'release' }
  /** A version's file is broken, or whole again; it is slow to read, or is read now. Both outlast a restart. */
  | { readonly kind: 'break' | 'stall'; readonly model: string; readonly version: string }
  | { readonly kind: 'restart'; readonly preload: { readonly model: string; readonly version: string } | undefined }
  | { readonly kind: 'advance'; readonly ms: number };

const model = fc.constantFrom('a', 'b');
const version = fc.constantFrom('1', '2');
const anyVersion = fc.option(version, { nil: undefined });

export const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('load' as const), model, version, forceReload: fc.boolean(), wait: fc.boolean() }),
  fc.record({ kind: fc.constant('unload' as const), model, version: anyVersion }),
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('infer' as const),
      model,
      version: anyVersion,
      poison: fc.nat(4).map((n) => n === 0),
      timeoutMs: fc.constantFrom(10, 1000, 30_000),
    }),
  },
  fc.record({ kind: fc.constant('crash' as const), which: fc.nat(9), began: fc.boolean() }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('answer' as const), which: fc.nat(9) }) },
  fc.record({ kind: fc.constant('fail start' as const) }),
  fc.record({ kind: fc.constant('hold' as const) }),
  fc.record({ kind: fc.constant('release' as const) }),
  fc.record({ kind: fc.constantFrom('break' as const, 'stall' as const), model, version }),
  fc.record({
    kind: fc.constant('restart' as const),
    preload: fc.option(fc.record({ model, version }), { nil: undefined }),
  }),
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.constantFrom(0, 1, 150, 5000, 40_000) }),
  },
);
