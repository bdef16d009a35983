import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dissolvedMembranes } from '../../../src/core/dtesn/depth-rules.ts';
import { canApply } from '../../../src/core/dtesn/maximal-application.ts';
import { type Multiset, multiset, sizeOf, timesWithin } from '../../../src/core/dtesn/multiset.ts';
import { type Configuration, childrenOf, type Rule, run, step } from '../../../src/core/dtesn/p-system.ts';
import { RandomStream } from '../../../src/core/dtesn/random.ts';

const OBJECTS = ['a', 'b', 'c'];
const object = fc.constantFrom(...OBJECTS);
const counts = fc.record({ a: fc.nat(9), b: fc.nat(9), c: fc.nat(9) });
const target = fc.constantFrom('here', 'out', 'in') as fc.Arbitrary<'here' | 'out' | 'in'>;

const anyRule: fc.Arbitrary<Rule> = fc.record({
  name: fc.constant('any'),
  consumes: fc
    .tuple(object, fc.integer({ min: 1, max: 3 }), fc.dictionary(object, fc.integer({ min: 1, max: 2 })))
    .map(([first, count, others]) => multiset({ ...others, [first]: count })),
  produces: fc.array(fc.record({ object, count: fc.integer({ min: 1, max: 2 }), target }), { maxLength: 3 }),
  dissolves: fc.boolean(),
  elementaryOnly: fc.boolean(),
  priority: fc.nat(2),
});

/** A rule that makes of each object one object, somewhere. */
const moving: fc.Arbitrary<Rule> = fc.record({
  name: fc.constant('moving'),
  consumes: object.map((name) => multiset({ [name]: 1 })),
  produces: fc.tuple(object, target).map(([name, to]) => [{ object: name, count: 1, target: to }]),
  dissolves: fc.boolean(),
  elementaryOnly: fc.boolean(),
  priority: fc.nat(2),
});

function systems(rule: fc.Arbitrary<Rule>): fc.Arbitrary<Configuration> {
  const membranes = fc.array(fc.tuple(fc.nat(), counts, fc.array(rule, { maxLength: 4 })), {
    minLength: 1,
    maxLength: 6,
  });
  return membranes.map((drawn) => ({
    membranes: drawn.map(([around, contents, rules], place) => ({
      parent: place === 0 ? undefined : around % place,
      contents: multiset(contents),
      rules,
      isDissolved: false,
    })),
    environment: new Map<string, number>(),
  }));
}

function total({ membranes, environment }: Configuration): Multiset {
  const all = membranes.map(({ contents }) => contents).concat(environment);
  const sums = OBJECTS.map((name) => [name, all.reduce((sum, one) => sum + (one.get(name) ?? 0), 0)] as const);
  return multiset(Object.fromEntries(sums));
}

const seeds = fc.nat();

test('communication conserves what is sent, dissolution included', () => {
  fc.assert(
    fc.property(systems(moving), seeds, (start, seed) => {
      expect(sizeOf(total(run(start, seed, 8).configuration))).toBe(sizeOf(total(start)));
    }),
  );
});

test('after a step there is what was there, less what the rules consumed, and what they produced', () => {
  fc.assert(
    fc.property(systems(anyRule), seeds, (start, seed) => {
      const { configuration, applied } = step(start, new RandomStream(seed, 0));
      const expected = new Map(OBJECTS.map((name) => [name, total(start).get(name) ?? 0]));
      for (const { rule, times } of applied) {
        for (const [name, count] of rule.consumes) expected.set(name, (expected.get(name) ?? 0) - times * count);
        for (const { object: name, count } of rule.produces) {
          expected.set(name, (expected.get(name) ?? 0) + times * count);
        }
      }
      expect(total(configuration)).toEqual(multiset(Object.fromEntries(expected)));
    }),
  );
});

test('a step is maximally parallel: to what it leaves over no rule applies', () => {
  fc.assert(
    fc.property(systems(anyRule), seeds, (start, seed) => {
      const { leftOver, applied } = step(start, new RandomStream(seed, 0));
      const children = childrenOf(start.membranes);
      start.membranes.forEach(({ rules, contents, parent }, place) => {
        const rest = leftOver[place] ?? new Map();
        const usable = rules.filter((rule) => canApply(rule, parent === undefined, children[place]?.length ?? 0));
        for (const rule of usable) expect(timesWithin(rest, rule.consumes)).toBe(0);
        const used = applied.filter(({ membrane }) => membrane === place);
        const consumed = used.reduce((sum, { rule, times }) => sum + times * sizeOf(rule.consumes), 0);
        expect(sizeOf(rest) + consumed).toBe(sizeOf(contents));
        for (const { rule } of used) expect(usable).toContain(rule);
      });
    }),
  );
});

test('a rule applies only to what every rule of a smaller number leaves over', () => {
  fc.assert(
    fc.property(systems(anyRule), seeds, (start, seed) => {
      const { applied } = step(start, new RandomStream(seed, 0));
      const children = childrenOf(start.membranes);
      start.membranes.forEach(({ rules, contents, parent }, place) => {
        const used = applied.filter(({ membrane }) => membrane === place);
        for (const rule of rules) {
          if (!canApply(rule, parent === undefined, children[place]?.length ?? 0)) continue;
          const rest = new Map(contents);
          for (const { rule: other, times } of used) {
            if (other.priority > rule.priority) continue;
            for (const [name, count] of other.consumes) rest.set(name, (rest.get(name) ?? 0) - times * count);
          }
          expect(timesWithin(rest, rule.consumes)).toBe(0);
        }
      });
    }),
  );
});

test('contents of a dissolved membrane are in the nearest one around it that stays', () => {
  fc.assert(
    fc.property(systems(anyRule), seeds, (start, seed) => {
      const { membranes } = step(start, new RandomStream(seed, 0)).configuration;
      expect(membranes[0]?.isDissolved).toBe(false);
      for (const { isDissolved, contents, rules, parent } of membranes) {
        if (isDissolved) expect({ size: contents.size, rules }).toEqual({ size: 0, rules: [] });
        if (parent !== undefined) expect(membranes[parent]?.isDissolved).toBe(false);
      }
    }),
  );
});

test('the same seed gives the same run, and what halted has no rule that applies', () => {
  fc.assert(
    fc.property(systems(anyRule), seeds, (start, seed) => {
      const first = run(start, seed, 6);
      expect(run(start, seed, 6)).toEqual(first);
      if (first.hasHalted) expect(step(first.configuration, new RandomStream(seed + 1, 0)).applied).toEqual([]);
    }),
  );
});

const endowments = fc
  .array(fc.tuple(fc.nat(), fc.nat(12), fc.nat(12)), { minLength: 1, maxLength: 12 })
  .map((drawn) => {
    return drawn.map(([around, cost, funds], place) => ({
      parent: place === 0 ? undefined : around % place,
      cost,
      funds,
    }));
  });

test('by the depth rules the same membranes dissolve whatever the seed, and each takes all it contains with it', () => {
  fc.assert(
    fc.property(endowments, seeds, seeds, (start, seed, other) => {
      const dissolved = dissolvedMembranes(start, seed);
      expect(dissolvedMembranes(start, other)).toEqual(dissolved);
      expect(dissolved).not.toContain(0);
      start.forEach(({ parent }, place) => {
        if (parent !== undefined && dissolved.includes(parent)) expect(dissolved).toContain(place);
      });
    }),
  );
});

test('by the depth rules more funds never dissolve more', () => {
  fc.assert(
    fc.property(endowments, fc.nat(), fc.nat(9), (start, chosen, more) => {
      const richer = start.map((one, place) => ({
        ...one,
        funds: one.funds + (place === chosen % start.length ? more : 0),
      }));
      const before = dissolvedMembranes(start, 1);
      for (const place of dissolvedMembranes(richer, 1)) expect(before).toContain(place);
    }),
  );
});
