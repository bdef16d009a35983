import fc from 'fast-check';
import { expect, test } from 'vitest';
import { groupLoss } from '../../../src/core/dtesn/group-loss.ts';
import { selectFeatures } from '../../../src/core/dtesn/moments.ts';
import { RandomStream } from '../../../src/core/dtesn/random.ts';
import { fitRidge } from '../../../src/core/dtesn/ridge.ts';
import { linearData, momentsOf } from '../../unit/dtesn/data.ts';

const problems = fc.record({
  seed: fc.nat(),
  features: fc.integer({ min: 2, max: 12 }),
  outputs: fc.integer({ min: 1, max: 3 }),
  penalty: fc.constantFrom(1e-6, 0.01, 1, 100),
  cuts: fc.tuple(fc.nat(), fc.nat()),
});

test('the loss of a group is what the objective rises by when all others are fitted without it', () => {
  fc.assert(
    fc.property(problems, ({ seed, features, outputs, penalty, cuts }) => {
      const moments = momentsOf(linearData(new RandomStream(seed, 0), 40, features, outputs, 0.5));
      const first = cuts[0] % features;
      const end = first + 1 + (cuts[1] % (features - first));
      const whole = fitRidge(moments, penalty);
      const others = Array.from({ length: features }, (_, i) => i).filter((i) => i < first || i >= end);
      if (whole === undefined || others.length === 0) return;
      const without = fitRidge(selectFeatures(moments, others), penalty);
      const rise = (without?.objective ?? Number.NaN) - whole.objective;
      const loss = groupLoss(whole, { first, end });
      expect(Math.abs(loss - rise)).toBeLessThan(1e-7 * (1 + rise));
    }),
  );
});
