import { COMMAND_OPTIONS } from './command-options.ts';
import { CONFIG_OPTIONS, environmentName, OPTION_NAMES, type OptionName } from './config-options.ts';

export const COMMANDS = {
  serve: 'Serve models over HTTP (the default).',
  demo: 'Start a server, show what it can do, updates under traffic included, and end.',
  validate: 'Check a running server against what it promises, and end with 1 where it fails.',
} as const;

export type CommandName = keyof typeof COMMANDS;

/** What `--help` prints. */
export function helpText(): string {
  const commands = Object.entries(COMMANDS).map(([name, description]): [string, string] => [name, description]);
  const options = OPTION_NAMES.filter((name) => !CONFIG_OPTIONS[name].isEnvOnly).map((name): [string, string] => {
    const { defaultText } = CONFIG_OPTIONS[name];
    return [synopsis(name), `${plain(name)}${defaultText === '' ? '' : ` [${defaultText}]`}`];
  });
  const secrets = OPTION_NAMES.filter((name) => CONFIG_OPTIONS[name].isEnvOnly).map((name): [string, string] => [
    environmentName(name),
    plain(name),
  ]);
  return [
    'EchoServe serves ONNX models over HTTP, each in a process of its own.',
    '',
    'Usage: echoserve [command] [options]',
    '',
    'Commands',
    ...columns(commands),
    '',
    'Options of other commands',
    ...columns(COMMAND_OPTIONS),
    '',
    'Options',
    ...columns([...options, ['-h, --help', 'Print this.'], ['-v, --version', 'Print the version.']]),
    '',
    'Each option has an environment variable, ECHOSERVE_MAX_BODY for --max-body; the flag wins over it.',
    'An option that takes a list may be repeated or be separated by commas. Only in the environment:',
    ...columns(secrets),
    '',
  ].join('\n');
}

/** The configuration table of the documentation. */
export function configTableMarkdown(): string {
  const rows = OPTION_NAMES.map((name) => {
    const { defaultText, description, isEnvOnly } = CONFIG_OPTIONS[name];
    const flag = isEnvOnly ? '–' : `\`${synopsis(name)}\``;
    return `| ${[flag, `\`${environmentName(name)}\``, defaultText === '' ? '–' : defaultText, description].map(cell).join(' | ')} |`;
  });
  return ['| Option | Environment | Default | Meaning |', '|---|---|---|---|', ...rows, ''].join('\n');
}

function synopsis(name: OptionName): string {
  const { kind, placeholder, defaultText } = CONFIG_OPTIONS[name];
  if (kind === 'switch') return defaultText === 'on' ? `--no-${name}` : `--${name}`;
  return `--${name} ${placeholder}`;
}

/** A terminal shows no code marks. */
function plain(name: OptionName): string {
  return CONFIG_OPTIONS[name].description.replaceAll('`', '');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function columns(rows: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
