/** Rounds after which the generator's state holds nothing recognisable of the seed. */
const WARM_UP = 15;

const TWO_32 = 2 ** 32;

/**
 * A stream of random numbers, the same on every machine: 32-bit integers, and numbers made of them by + − × ÷ √ and
 * comparisons alone, in a fixed order. The integers are those of sfc32 (Chris Doty-Humphrey, PractRand).
 */
export class RandomStream {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;
  #spare: number | undefined;

  /**
   * @param seed a whole number from 0 to 2^53 − 1
   * @param stream a whole number from 0 to 2^32 − 1: streams of one seed are independent
   */
  constructor(seed: number, stream: number) {
    this.#a = seed | 0;
    this.#b = Math.floor(seed / TWO_32) | 0;
    this.#c = stream | 0;
    for (let round = 0; round < WARM_UP; round += 1) this.integer();
  }

  /** Uniform from 0 to 2^32 − 1. */
  integer(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    this.#c |= 0;
    return sum >>> 0;
  }

  /** Uniform from 0 to `bound` − 1, exactly: integers of the last, incomplete run of remainders are drawn again. */
  below(bound: number): number {
    const whole = TWO_32 - (TWO_32 % bound);
    let drawn = this.integer();
    while (drawn >= whole) drawn = this.integer();
    return drawn % bound;
  }

  /** Uniform in (0, 1): the odd multiples of 2^−33. */
  unit(): number {
    return (this.integer() + 0.5) / TWO_32;
  }

  /** Uniform in (−bound, bound). */
  symmetric(bound: number): number {
    return bound * (2 * this.unit() - 1);
  }

  /**
   * Exponential of mean 1, by comparisons alone. A run of falling uniform numbers that begins with u has an odd length
   * with probability e^−u, so such a u is the fraction; each run of even length adds 1.
   *
   * Source: von Neumann, "Various techniques used in connection with random digits", 1951.
   */
  exponential(): number {
    for (let whole = 0; ; whole += 1) {
      const first = this.unit();
      let last = first;
      let length = 1;
      for (let next = this.unit(); next < last; next = this.unit()) {
        last = next;
        length += 1;
      }
      if (length % 2 === 1) return whole + first;
    }
  }

  /**
   * Standard normal. A point of the unit disc gives the direction of a pair of normals and an exponential its length
   * √(2E): Marsaglia's polar method, without its logarithm.
   */
  normal(): number {
    const spare = this.#spare;
    if (spare !== undefined) {
      this.#spare = undefined;
      return spare;
    }
    let x = 0;
    let y = 0;
    let square = 0;
    do {
      x = this.symmetric(1);
      y = this.symmetric(1);
      square = x * x + y * y;
    } while (square >= 1);
    const length = Math.sqrt((2 * this.exponential()) / square);
    this.#spare = y * length;
    return x * length;
  }

  /** `count` of the numbers from 0 to `bound` − 1, no two equal, each choice and each order equally likely. */
  distinct(count: number, bound: number): readonly number[] {
    const numbers = Array.from({ length: bound }, (_, i) => i);
    for (let i = 0; i < count; i += 1) {
      const other = i + this.below(bound - i);
      const chosen = numbers[other] ?? 0;
      numbers[other] = numbers[i] ?? 0;
      numbers[i] = chosen;
    }
    return numbers.slice(0, count);
  }
}
