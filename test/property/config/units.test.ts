import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/cli/config-error.ts';
import { environmentName, OPTION_NAMES } from '../../../src/cli/config-options.ts';
import { formatBytes, parseBytes, parseDurationMs } from '../../../src/cli/units.ts';
import { parseConfig } from '../../../src/config.ts';

describe('sizes', () => {
  it('are read back exactly as they are written', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (bytes) => {
        expect(parseBytes(formatBytes(bytes))).toBe(bytes);
      }),
    );
  });

  it('grow by 1024 with binary units and by 1000 with decimal ones', () => {
    fc.assert(
      fc.property(fc.nat({ max: 4000 }), (amount) => {
        expect(parseBytes(`${amount}GiB`)).toBe(amount * 1024 ** 3);
        expect(parseBytes(`${amount}gb`)).toBe(amount * 1000 ** 3);
        expect(parseDurationMs(`${amount}m`)).toBe(amount * 60_000);
      }),
    );
  });

  it('are whole, not negative and finite, or refused', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^-?[0-9.eE]{1,20} ?[a-zA-Z]{0,3}$/)), (text) => {
        for (const parsed of [parseBytes(text), parseDurationMs(text)]) {
          if (parsed !== undefined) expect(Number.isSafeInteger(parsed) && parsed >= 0).toBe(true);
        }
      }),
    );
  });

  it.each(['', ' ', '5', 'MiB', '-1s', '1e3s', '1M', '1 day', 'NaNs', '5constructor'])(
    'have no meaning for %j as a time',
    (text) => {
      expect(parseDurationMs(text)).toBeUndefined();
    },
  );

  it.each(['', ' ', '64M', '1k', '-1', '1e3', '0x10', '1..5MiB', '9999999999TiB'])(
    'have no meaning for %j as bytes',
    (text) => {
      expect(parseBytes(text)).toBeUndefined();
    },
  );
});

describe('any command line and environment', () => {
  it('is read, or refused with a message', () => {
    const word = fc.oneof(
      fc.constantFrom(
        ...OPTION_NAMES.map((name) => `--${name}`),
        'serve',
        '--',
        '--port=0',
        '--no-load-on-demand',
        '-h',
      ),
      fc.string({ maxLength: 12 }),
    );
    const env = fc.dictionary(fc.constantFrom(...OPTION_NAMES.map(environmentName)), fc.string({ maxLength: 12 }), {
      maxKeys: 3,
    });
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), env, (argv, environment) => {
        try {
          expect(Object.isFrozen(parseConfig(argv, environment, () => ''))).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
          expect((error as ConfigError).message).not.toBe('');
        }
      }),
    );
  });
});
