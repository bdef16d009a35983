import type { AnswerComparison, ComparedAnswer } from '../../serving/ports/comparison.ts';

export interface ComparisonRequest {
  readonly id: number;
  readonly serving: ComparedAnswer;
  readonly candidate: ComparedAnswer;
}

export type ComparisonReply =
  | { readonly id: number; readonly ok: true; readonly comparison: AnswerComparison }
  | { readonly id: number; readonly ok: false; readonly reason: string };
