import { describe, expect, test } from 'vitest';
import { type PMembrane, run, step } from '../../../src/core/dtesn/p-system.ts';
import { RandomStream } from '../../../src/core/dtesn/random.ts';
import { membrane, rule } from './p-systems.ts';

const NOTHING = new Map<string, number>();

function contentsOf(membranes: readonly PMembrane[]): readonly Record<string, number>[] {
  return membranes.map(({ contents }) => Object.fromEntries(contents));
}

function once(membranes: readonly PMembrane[], seed = 1) {
  return step({ membranes, environment: NOTHING }, new RandomStream(seed, 0));
}

describe('targets', () => {
  const move = (target: 'here' | 'out' | 'in') => rule(target, { a: 1 }, [{ object: 'b', count: 2, target }]);

  test('here leaves the products in the membrane', () => {
    expect(contentsOf(once([membrane(undefined, { a: 3 }, [move('here')])]).configuration.membranes)).toEqual([
      { b: 6 },
    ]);
  });

  test('out sends them to the membrane around, and from the skin to the environment', () => {
    const { configuration } = once([
      membrane(undefined, { a: 1 }, [move('out')]),
      membrane(0, { a: 3 }, [move('out')]),
    ]);
    expect(contentsOf(configuration.membranes)).toEqual([{ b: 6 }, {}]);
    expect(configuration.environment).toEqual(new Map([['b', 2]]));
  });

  test('in sends each to a child that is drawn, and does not apply where there is none', () => {
    const { configuration } = once([membrane(undefined, { a: 50 }, [move('in')]), membrane(0, {}), membrane(0, {})]);
    const [skin, one, other] = configuration.membranes;
    expect(skin?.contents.size).toBe(0);
    expect(one?.contents.get('b')).toBeGreaterThan(20);
    expect(other?.contents.get('b')).toBeGreaterThan(20);
    expect((one?.contents.get('b') ?? 0) + (other?.contents.get('b') ?? 0)).toBe(100);
    expect(once([membrane(undefined, { a: 50 }, [move('in')])]).applied).toEqual([]);
  });

  test('products can be used only in the next step', () => {
    const grow = rule('grow', { a: 1 }, [{ object: 'a', count: 2, target: 'here' }]);
    expect(contentsOf(once([membrane(undefined, { a: 5 }, [grow])]).configuration.membranes)).toEqual([{ a: 10 }]);
  });
});

describe('priorities', () => {
  test('give a rule of a larger number only what those before it leave over', () => {
    const pairs = rule('pairs', { a: 2 }, [{ object: 'b', count: 1, target: 'here' }]);
    const rest = rule('rest', { a: 1 }, [{ object: 'c', count: 1, target: 'here' }], { priority: 1 });
    for (let seed = 0; seed < 20; seed += 1) {
      const { configuration } = once([membrane(undefined, { a: 7 }, [rest, pairs])], seed);
      expect(contentsOf(configuration.membranes)).toEqual([{ b: 3, c: 1 }]);
    }
  });

  test('that are equal let the seed choose, from all to none', () => {
    const choices = ['b', 'c'].map((object) => rule(object, { a: 1 }, [{ object, count: 1, target: 'here' }]));
    const counts = Array.from({ length: 200 }, (_, seed) => {
      return once([membrane(undefined, { a: 3 }, choices)], seed).configuration.membranes[0]?.contents.get('b') ?? 0;
    });
    expect(new Set(counts)).toEqual(new Set([0, 1, 2, 3]));
  });
});

describe('dissolution', () => {
  const dissolve = rule('dissolve', { d: 1 }, [], { dissolves: true });

  test('gives contents and children to the membrane around, and takes the rules away', () => {
    const idle = rule('idle', { a: 1 }, [{ object: 'a', count: 1, target: 'here' }], { priority: 9 });
    const { configuration } = once([
      membrane(undefined, { a: 1 }),
      membrane(0, { a: 2, d: 1 }, [dissolve, idle]),
      membrane(1, { a: 4 }),
    ]);
    expect(contentsOf(configuration.membranes)).toEqual([{ a: 3 }, {}, { a: 4 }]);
    expect(configuration.membranes.map(({ parent }) => parent)).toEqual([undefined, 0, 0]);
    expect(configuration.membranes.map(({ isDissolved }) => isDissolved)).toEqual([false, true, false]);
    expect(configuration.membranes[1]?.rules).toEqual([]);
  });

  test('of a membrane and of the one around it in one step gives to the next that stays', () => {
    const { configuration } = once([
      membrane(undefined, {}),
      membrane(0, { d: 1, a: 1 }, [dissolve]),
      membrane(1, { d: 1, a: 2 }, [dissolve]),
    ]);
    expect(contentsOf(configuration.membranes)).toEqual([{ a: 3 }, {}, {}]);
  });

  test('comes after what was sent has arrived', () => {
    const give = rule('give', { a: 1 }, [{ object: 'a', count: 1, target: 'out' }]);
    const { configuration } = once([
      membrane(undefined, {}),
      membrane(0, { d: 1 }, [dissolve]),
      membrane(1, { a: 5 }, [give]),
    ]);
    expect(contentsOf(configuration.membranes)).toEqual([{ a: 5 }, {}, {}]);
  });

  test('is nothing for the skin', () => {
    expect(once([membrane(undefined, { d: 1 }, [dissolve])]).applied).toEqual([]);
  });

  test('of elementary membranes waits for the children', () => {
    const elementary = rule('elementary', { d: 1 }, [], { dissolves: true, elementaryOnly: true });
    const start = [membrane(undefined, {}), membrane(0, { d: 1 }, [elementary]), membrane(1, { d: 1 }, [elementary])];
    const first = once(start).configuration;
    expect(first.membranes.map(({ isDissolved }) => isDissolved)).toEqual([false, false, true]);
    const second = once(first.membranes).configuration;
    expect(second.membranes.map(({ isDissolved }) => isDissolved)).toEqual([false, true, true]);
  });
});

describe('a run', () => {
  const halve = rule('halve', { f: 2 }, [{ object: 'f', count: 1, target: 'here' }]);
  const end = rule('end', { f: 1 }, [{ object: 'done', count: 1, target: 'here' }], { dissolves: true, priority: 1 });

  test('halts when no rule applies: eight are halved three times, and the last dissolves the membrane', () => {
    const membranes = [membrane(undefined, {}), membrane(0, { f: 8 }, [halve, end])];
    const { configuration, steps, hasHalted } = run({ membranes, environment: NOTHING }, 1, 100);
    expect({ steps, hasHalted }).toEqual({ steps: 4, hasHalted: true });
    expect(contentsOf(configuration.membranes)).toEqual([{ done: 1 }, {}]);
  });

  test('that does not halt is given up after the steps that were allowed', () => {
    const forever = rule('forever', { a: 1 }, [{ object: 'a', count: 1, target: 'here' }]);
    const start = { membranes: [membrane(undefined, { a: 1 }, [forever])], environment: NOTHING };
    expect(run(start, 1, 12)).toMatchObject({ steps: 12, hasHalted: false });
  });

  test.each([
    ['two skins', [membrane(undefined, {}), membrane(undefined, {})], /2 skins instead of one/],
    ['a parent that comes later', [membrane(undefined, {}), membrane(1, {})], /must come after the one around it/],
    ['a rule from nothing', [membrane(undefined, {}, [rule('r', {}, [])])], /the rule r consumes nothing/],
  ])('of a system with %s is refused', (_, membranes, message) => {
    expect(() => run({ membranes, environment: NOTHING }, 1, 1)).toThrow(message);
  });
});
