/** What a line of a world's story is about. */
export interface About {
  readonly runner?: string | undefined;
  readonly job?: number | undefined;
  readonly scaleSetId?: number | undefined;
  readonly daemon?: string | undefined;
}

export interface Line extends About {
  readonly atMs: number;
  /** `service`, the name of a daemon, `host`, `nemesis`. */
  readonly who: string;
  readonly what: string;
  /** Told only where somebody asks for everything: what went well and happens all the time. */
  readonly dull: boolean;
  readonly details: object | undefined;
}

const LAST_LINES = 40;

/** Everything that happened in a world, in order. Lines become text only where somebody reads them. */
export class Chronicle {
  readonly #lines: Line[] = [];
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  tell(who: string, what: string, more: Partial<Line> = {}): void {
    this.#lines.push({ dull: false, details: undefined, ...more, atMs: this.#now(), who, what });
  }

  get size(): number {
    return this.#lines.length;
  }

  /** What matters about a failure: the lives of those concerned, and what happened last. */
  excerpt({ runner, job, scaleSetId }: About): string[] {
    const runners = new Set(runner === undefined ? [] : [runner]);
    if (job !== undefined) {
      for (const line of this.#lines) if (line.job === job && line.runner !== undefined) runners.add(line.runner);
    }
    const concerned = (line: Line): boolean =>
      (line.runner !== undefined && runners.has(line.runner)) || (job !== undefined && line.job === job);
    const telling = (line: Line): boolean =>
      !line.dull && (line.scaleSetId === undefined || scaleSetId === undefined || line.scaleSetId === scaleSetId);
    const lives = this.#lines.filter(concerned);
    const last = this.#lines.filter((line) => telling(line) && !concerned(line)).slice(-LAST_LINES);
    return [...new Set([...lives, ...last])].sort((a, b) => this.#order(a) - this.#order(b)).map(lineText);
  }

  #order(line: Line): number {
    return this.#lines.indexOf(line);
  }
}

function lineText({ atMs, who, what, details }: Line): string {
  const more = details === undefined ? "" : ` ${JSON.stringify(details, withoutErrors)}`;
  return `${Math.round(atMs)} ${who} ${what}${more}`;
}

function withoutErrors(_key: string, value: unknown): unknown {
  return value instanceof Error ? `${value.name}: ${value.message}` : value;
}
