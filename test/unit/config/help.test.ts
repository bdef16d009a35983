import { describe, expect, it } from 'vitest';
import { nearest } from '../../../src/cli/config-error.ts';
import { CONFIG_OPTIONS, environmentName, OPTION_NAMES } from '../../../src/cli/config-options.ts';
import { configTableMarkdown, helpText } from '../../../src/cli/help.ts';

describe('the help', () => {
  it('lists every option, its default and the way to the environment', () => {
    const help = helpText();
    for (const name of OPTION_NAMES)
      expect(help).toContain(CONFIG_OPTIONS[name].isEnvOnly ? environmentName(name) : name);
    expect(help).toContain('Port to listen on; 0 picks a free one. [8080]');
    expect(help).toContain('--no-load-on-demand');
    expect(help).not.toContain('`');
  });

  it('and the documentation have the same table', () => {
    const table = configTableMarkdown();
    expect(table.trimEnd().split('\n')).toHaveLength(OPTION_NAMES.length + 2);
    expect(table).toContain('| `--max-body SIZE` | `ECHOSERVE_MAX_BODY` | 64MiB |');
    expect(table).toContain('| – | `ECHOSERVE_API_KEYS` |');
    for (const row of table.trimEnd().split('\n')) expect(row.match(/(?<!\\)\|/g)).toHaveLength(5);
  });

  it('guesses only what is close', () => {
    expect(nearest('prot', ['port', 'host'])).toBe('port');
    expect(nearest('grace', ['port', 'host'])).toBeUndefined();
    expect(nearest('', ['port'])).toBeUndefined();
  });
});
