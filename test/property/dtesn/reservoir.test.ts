import fc from 'fast-check';
import { expect, test } from 'vitest';
import { membraneHierarchy } from '../../../src/core/dtesn/membranes.ts';
import { randomOrthogonal } from '../../../src/core/dtesn/orthogonal.ts';
import { PRESETS, type Preset } from '../../../src/core/dtesn/presets.ts';
import { RandomStream } from '../../../src/core/dtesn/random.ts';
import { buildReservoir, type Reservoir } from '../../../src/core/dtesn/reservoir.ts';
import { reservoirBytes } from '../../../src/core/dtesn/reservoir-bytes.ts';
import { ReferenceStepper, withoutPadding } from '../../../src/core/dtesn/step.ts';
import { EULER, tableauOfOrder } from '../../../src/core/dtesn/tableau.ts';
import { recipe } from '../../unit/dtesn/reservoirs.ts';

/** Depths 1 to 5 have at most 17 membranes. */
const sizes = fc.record({ depth: fc.integer({ min: 1, max: 5 }), units: fc.integer({ min: 68, max: 200 }) });
const presets = fc.constantFrom<Preset>('balanced', 'linear', 'forecast');
const recipes = fc
  .record({ size: sizes, preset: presets, inputs: fc.integer({ min: 1, max: 4 }), seed: fc.maxSafeNat() })
  .map(({ size, preset, inputs, seed }) => recipe(size, preset, inputs, seed));

function padding({ membranes, width }: Reservoir): readonly number[] {
  return membranes.flatMap(({ units }, place) => {
    return Array.from({ length: width - units }, (_, i) => place * width + units + i);
  });
}

test('units are all given out, and no two membranes differ by more than one', () => {
  fc.assert(
    fc.property(sizes, (size) => {
      const units = membraneHierarchy(size).map((membrane) => membrane.units);
      expect(units.reduce((sum, one) => sum + one, 0)).toBe(size.units);
      expect(Math.max(...units) - Math.min(...units)).toBeLessThanOrEqual(1);
    }),
  );
});

test('the rows of a random orthogonal matrix have length 1 and are at right angles', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 25 }), fc.maxSafeNat(), (n, seed) => {
      const q = randomOrthogonal(n, new RandomStream(seed, 0));
      for (let i = 0; i < n; i += 1) {
        for (let j = 0; j <= i; j += 1) {
          let product = 0;
          for (let k = 0; k < n; k += 1) product += (q[i * n + k] ?? 0) * (q[j * n + k] ?? 0);
          expect(product).toBeCloseTo(i === j ? 1 : 0, 12);
        }
      }
    }),
  );
});

test('the same recipe gives the same bits', () => {
  fc.assert(
    fc.property(recipes, (made) => {
      expect(buildReservoir(made)).toEqual(buildReservoir(structuredClone(made)));
    }),
    { numRuns: 30 },
  );
});

test('padding stays exactly 0, whatever comes in and by every tableau', () => {
  fc.assert(
    fc.property(recipes, fc.integer({ min: 1, max: 4 }), fc.maxSafeNat(), (made, order, seed) => {
      const reservoir = buildReservoir(made);
      const random = new RandomStream(seed, 0);
      const stepper = new ReferenceStepper(reservoir, tableauOfOrder(order));
      const state = stepper.initialState();
      for (let step = 0; step < 4; step += 1) {
        stepper.step(
          state,
          Array.from({ length: made.inputs }, () => 10 * random.normal()),
        );
      }
      for (const place of padding(reservoir)) expect(state[place]).toBe(0);
      const units = withoutPadding(reservoir, state);
      expect(units.every((value) => value !== 0 && Number.isFinite(value))).toBe(true);
      // Only Euler's step with a leak of at most 1 is a mean of the state and a tanh.
      if (order === 1) expect(units.every((value) => Math.abs(value) <= 1)).toBe(true);
    }),
    { numRuns: 40 },
  );
});

test('by Euler’s step two states of the skin come closer by its contraction at each step, whatever the input is', () => {
  fc.assert(
    fc.property(recipes, fc.maxSafeNat(), (made, seed) => {
      const reservoir = buildReservoir(made);
      const random = new RandomStream(seed, 0);
      const stepper = new ReferenceStepper(reservoir, EULER);
      const units = reservoir.membranes[0]?.units ?? 0;
      const [one, other] = [stepper.initialState(), stepper.initialState()];
      for (let unit = 0; unit < units; unit += 1) [one[unit], other[unit]] = [random.symmetric(1), random.symmetric(1)];
      const distance = () => Math.hypot(...one.subarray(0, units).map((value, i) => value - (other[i] ?? 0)));
      for (let step = 0; step < 5; step += 1) {
        const before = distance();
        const inputs = Array.from({ length: made.inputs }, () => random.normal());
        stepper.step(one, inputs);
        stepper.step(other, inputs);
        // ρ is that of weights that were rounded to float32.
        expect(distance()).toBeLessThanOrEqual(made.scales.recurrence * before * (1 + 1e-6));
      }
    }),
    { numRuns: 40 },
  );
});

test('bytes are additive in sequences and batch, and those of weights do not depend on them', () => {
  const use = fc.record({
    sequences: fc.nat(1000),
    batch: fc.nat(64),
    stages: fc.integer({ min: 1, max: 4 }),
    outputs: fc.nat(8),
  });
  const shape = fc.record({ membranes: fc.nat(300), width: fc.nat(200), inputs: fc.nat(50), units: fc.nat(8192) });
  fc.assert(
    fc.property(shape, use, (of, by) => {
      const bytes = reservoirBytes(of, by);
      const twice = reservoirBytes(of, { ...by, sequences: 2 * by.sequences, batch: 2 * by.batch });
      expect(twice).toEqual({
        weights: bytes.weights,
        states: 2 * bytes.states,
        work: 2 * bytes.work,
        total: bytes.weights + 2 * (bytes.states + bytes.work),
      });
    }),
  );
});

test('presets are proven to forget: their recurrence is below 1', () => {
  for (const { recurrence } of Object.values(PRESETS)) expect(recurrence).toBeLessThan(1);
});
