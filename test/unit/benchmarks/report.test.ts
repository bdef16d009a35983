import { describe, expect, it } from 'vitest';
import { figure, megabytes, milliseconds, percent, ratio, signedMegabytes } from '../../../benchmarks/report/format.ts';
import { type Report, renderReport, renderTable } from '../../../benchmarks/report/markdown.ts';

describe('figures', () => {
  it('have three digits that count', () => {
    expect([0, 0.012345, 4.5678, 31.24, 8170.4, -0.02].map(figure)).toEqual([
      '0',
      '0.0123',
      '4.57',
      '31.2',
      '8170',
      '-0.02',
    ]);
  });

  it('that are none are a dash', () => {
    expect([figure(Number.NaN), milliseconds(Number.NaN), ratio(Number.NaN)]).toEqual(['–', '–', '–']);
  });

  it('carry their units', () => {
    expect([milliseconds(1.5), megabytes(2_500_000), ratio(1.4)]).toEqual(['1.5 ms', '2.5 MB', '×1.40']);
    expect([percent(0.0123), signedMegabytes(1e6), signedMegabytes(-1e6)]).toEqual(['1.23 %', '+1 MB', '-1 MB']);
  });
});

describe('tables', () => {
  it('keep a pipe and a line break inside the cell', () => {
    expect(renderTable({ caption: 'c', columns: ['a', 'b'], rows: [['x|y', 'one\n two']] })).toBe(
      '**c**\n\n| a | b |\n| --- | ---: |\n| x\\|y | one two |',
    );
  });
});

describe('the report', () => {
  const given: Report = {
    effort: 'quick',
    busyShare: 0.02,
    circumstances: { cores: '2' },
    sections: [
      {
        title: 'One',
        method: 'How.',
        outcome: {
          tables: [{ caption: '', columns: ['', 'x'], rows: [['a', '1']] }],
          findings: [
            { target: 'fast', figure: '×2', isMet: true },
            { target: 'small', figure: '9 MB', isMet: false },
          ],
        },
      },
      { title: 'Two', method: 'How else.', outcome: { failure: 'it would not start' } },
    ],
  };
  const report = renderReport(given);

  it('puts every target before the sections, met or not', () => {
    expect(report).toContain('| fast | ×2 | met |\n| small | 9 MB | **not met** |');
    expect(report.indexOf('## Targets')).toBeLessThan(report.indexOf('## One'));
  });

  it('says why a section has no figures', () => {
    expect(report).toContain('## Two\n\nHow else.\n\n**Could not be measured:** it would not start');
  });

  it('warns when others used the machine', () => {
    expect(report).not.toContain('quiet machine');
    expect(renderReport({ ...given, busyShare: 0.44 })).toContain('Others used 44 % of the processors');
  });

  it('ends with one line break', () => {
    expect(report).toMatch(/[^\n]\n$/);
  });
});
