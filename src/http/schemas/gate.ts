import { z } from 'zod';

const Count = z.int();
const Milliseconds = z.number();

export const LogShares = z
  .object({
    live_failures: z.number().nullable(),
    paired_failures: z.number().nullable(),
    cpu_time: z.number().nullable(),
    wall_time: z.number().nullable(),
  })
  .meta({ description: 'ln(π·E) by component; null where nothing was measured.' });

const Agreement = z.object({
  pairs: Count,
  top1: z.number().nullable().meta({ description: 'The share of pairs whose largest element is the same one.' }),
  max_absolute_difference: z.number().nullable(),
  cosine: z.number().nullable().meta({ description: 'The least one, of all pairs.' }),
});

const check = <Name extends string, Shape extends z.ZodRawShape>(name: Name, shape: Shape) =>
  z.object({ name: z.literal(name), passed: z.boolean(), ...shape });

const GateCheck = z.discriminatedUnion('name', [
  check('availability', { waits_for: z.string().nullable() }),
  check('dwell', { elapsed_ms: Milliseconds, needed_ms: Milliseconds }),
  check('samples', {
    source: z.enum(['live', 'live_and_pairs']).meta({
      description: 'What counted: live answers only, or pairs too since live ones would have taken too long.',
    }),
    counted: Count,
    needed: Count,
    live: Count,
    recorded_pairs: Count,
    synthetic_pairs: Count,
    live_would_take_ms: Milliseconds.nullable(),
  }),
  check('evidence', {
    log_shares: LogShares,
    largest: z.number().nullable(),
    limit: z.number(),
  }),
  check('health_probe', { last_at: z.number().nullable() }),
  check('probes_in_row', { in_row: Count, needed: Count, apart_ms: Milliseconds }),
  check('agreement', {
    measured: Agreement.nullable(),
    needed_pairs: Count,
    crossed: z.array(z.string()).meta({ description: 'Limits that the versions are apart by more than.' }),
  }),
]);

/** Whether a stage, or the bake, may end, and by which numbers. */
export const Gate = z
  .object({
    verdict: z.enum(['advance', 'wait', 'hold', 'ask']).meta({
      description: 'wait: for what comes by itself; hold: for suspicion; ask: for a person.',
    }),
    checks: z.array(GateCheck),
  })
  .meta({ id: 'Gate' });
