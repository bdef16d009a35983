import type { z } from 'zod';
import type { Gate } from '../../http/schemas/gate.ts';
import type { Rollout } from '../../http/schemas/rollout.ts';
import { Unexpected } from '../client.ts';
import { bar, count, milliseconds } from '../figures.ts';
import type { Cell, Screen } from '../screen.ts';
import type { UpdateEvent } from '../update-events.ts';

type View = z.output<typeof Rollout>;

const BAR_WIDTH = 20;
const HEAD = ['share', ''.padEnd(BAR_WIDTH), ' after', 'samples', 'failed', 'max π·E'] as const;

interface Row {
  readonly samples: number;
  readonly failed: number;
  /** max π·E. */
  readonly evidence: number;
  readonly note?: Cell;
}

/** Draws an update: a line for each stage, that of the present one changing as long as it lasts. */
export class Ladder {
  readonly #screen: Screen;
  readonly #percents: readonly number[];
  /** 0 before the first. */
  #stage = 0;
  #stageBeganAt = 0;
  /** Samples of the stages that are over. */
  #samplesBefore = 0;

  constructor(screen: Screen, { stages }: View) {
    this.#screen = screen;
    this.#percents = stages.map(({ percent }) => percent);
  }

  /** How things stand, between two events. */
  draft(view: View): void {
    if (view.state !== 'stage' || view.stage !== this.#stage) return;
    const note: Cell = view.hold === null ? '' : [`held: ${view.hold.cause}`, 'yellow'];
    this.#screen.draft(this.#line({ ...this.#rowOf(view), note }));
  }

  /**
   * What has happened.
   * @param view how things stood a moment ago, or stand now
   * @throws Unexpected when the update waits for a person: there is none
   */
  note(event: UpdateEvent, view: View): void {
    if (event.type === 'paused') throw new Unexpected(`the update was paused: ${event.reason}`);
    if (event.type !== 'entered') return;
    const { phase, stage = 0, gate, facts } = event;
    if (phase === 'probing') {
      this.#screen.fact(
        'loaded',
        `beside version ${view.from_version} in ${milliseconds(Number(facts['load_time_ms']))}`,
      );
    }
    if (this.#stage > 0 && (stage > this.#stage || phase === 'baking')) this.#pass(gate ?? null, view);
    if (phase === 'stage') this.#enter(stage, event);
  }

  /** The stage that it was rolled back in, if it had come so far. */
  fall(view: View): void {
    if (this.#stage === 0) return;
    const { samples, failures } = view.traffic.new;
    const row = { samples: samples - this.#samplesBefore, failed: failures, evidence: largestShare(view) };
    this.#screen.settle(this.#line({ ...row, note: ['✗ back to 0 %', ['bold', 'red']] }));
  }

  #enter(stage: number, { facts }: UpdateEvent): void {
    if (this.#stage === 0) {
      const pairs = Number(facts['recorded_pairs'] ?? 0) + Number(facts['synthetic_pairs'] ?? 0);
      this.#screen.fact('compared', `${pairs} requests given to both versions, ${facts['timed'] ?? 0} timed on both`);
      this.#screen.lines(['', this.#screen.style('dim', HEAD.join('  '))]);
    }
    this.#stage = stage;
    this.#stageBeganAt = performance.now();
  }

  #pass(gate: z.output<typeof Gate> | null, view: View): void {
    const { samples } = figuresOf(gate);
    const { failures } = view.traffic.new;
    this.#screen.settle(
      this.#line({ samples, failed: failures, evidence: figuresOf(gate).evidence, note: ['✓', 'green'] }),
    );
    this.#samplesBefore += samples;
  }

  #rowOf(view: View): Row {
    return { ...figuresOf(view.gate), failed: view.traffic.new.failures };
  }

  #line({ samples, failed, evidence, note = '' }: Row): string {
    const percent = this.#percents[this.#stage - 1] ?? 0;
    const seconds = (performance.now() - this.#stageBeganAt) / 1000;
    const [text, style] = typeof note === 'string' ? [note, [] as const] : note;
    return [
      `${percent} %`.padStart(HEAD[0].length),
      this.#screen.style('cyan', bar(percent / 100, BAR_WIDTH).padEnd(BAR_WIDTH)),
      `${seconds.toFixed(1)} s`.padStart(HEAD[2].length),
      count(samples).padStart(HEAD[3].length),
      count(failed).padStart(HEAD[4].length),
      share(evidence).padStart(HEAD[5].length),
      this.#screen.style(typeof style === 'string' ? style : [...style], text),
    ].join('  ');
  }
}

function figuresOf(gate: z.output<typeof Gate> | null): { readonly samples: number; readonly evidence: number } {
  let [samples, evidence] = [0, 0];
  for (const check of gate?.checks ?? []) {
    if (check.name === 'samples') samples = check.counted;
    if (check.name === 'evidence') evidence = Math.exp(check.largest ?? -Infinity);
  }
  return { samples, evidence };
}

function largestShare({ evidence }: View): number {
  const { live_failures, paired_failures, cpu_time, wall_time } = evidence;
  return Math.max(...[live_failures, paired_failures, cpu_time, wall_time].map((each) => each.share ?? 0));
}

function share(evidence: number): string {
  return evidence < 10 ? evidence.toFixed(2) : count(Math.round(evidence));
}
