import type { SectionReport } from '../context.ts';
import type { Finding, Table } from './section-report.ts';

export interface ReportedSection {
  readonly title: string;
  readonly method: string;
  /** What it measured, or why it could not. */
  readonly outcome: SectionReport | { readonly failure: string };
}

export interface Report {
  readonly effort: string;
  /** Facts about the machine and the versions, by name. */
  readonly circumstances: Readonly<Record<string, string>>;
  /** Share of the processors' time, 0 to 1, that others used just before. */
  readonly busyShare: number;
  readonly sections: readonly ReportedSection[];
}

/** Above it the figures are worth little: threads of a model that share a core wait for each other in every operator. */
const MOST_BUSY = 0.1;

/** The text of RESULTS.md. */
export function renderReport({ effort, circumstances, busyShare, sections }: Report): string {
  const findings = sections.flatMap(({ outcome }) => ('failure' in outcome ? [] : outcome.findings));
  const blocks = [
    '# Benchmark results',
    `Written by \`npm run bench\` (a ${effort} run). All contestants ran on the same machine, in the same run, on the same model files, with the same number of intra-op threads; read the ratios, not the absolute figures. Where a request's time goes, and why a target is not met: [docs/performance.md](../docs/performance.md).`,
    ...(busyShare > MOST_BUSY
      ? [
          `**Others used ${Math.round(busyShare * 100)} % of the processors just before: repeat this on a quiet machine.**`,
        ]
      : []),
    renderTable({
      caption: '',
      columns: ['', ''],
      rows: Object.entries(circumstances).map(([name, value]) => [name, value]),
    }),
    '## Targets',
    findings.length === 0 ? 'None was measured.' : renderFindings(findings),
    ...sections.flatMap(renderSection),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function renderFindings(findings: readonly Finding[]): string {
  return renderTable({
    caption: '',
    columns: ['target', 'measured', ''],
    rows: findings.map(({ target, figure, isMet }) => [target, figure, isMet ? 'met' : '**not met**']),
  });
}

function renderSection({ title, method, outcome }: ReportedSection): string[] {
  const blocks = [`## ${title}`, method];
  if ('failure' in outcome) return [...blocks, `**Could not be measured:** ${cell(outcome.failure)}`];
  return [...blocks, ...outcome.tables.map(renderTable)];
}

export function renderTable({ caption, columns, rows }: Table): string {
  const lines = [columns, columns.map((_, i) => (i === 0 ? '---' : '---:')), ...rows];
  const table = lines.map((line) => `| ${line.map(cell).join(' | ')} |`).join('\n');
  return caption === '' ? table : `**${caption}**\n\n${table}`;
}

/** A pipe or a line break would end the cell. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ');
}
