/** Shows the progress of several operations: bars on a terminal, occasional lines elsewhere. */
import { MultiBar, type SingleBar } from 'cli-progress';
import { dim, percent, say } from './console';

export interface Amount {
  readonly done: number;
  readonly total: number;
}

export interface Progress {
  /** Shows the progress of each operation, by name. */
  show(amounts: ReadonlyMap<string, Amount>): void;
  /** Ends the display; if `complete`, everything is at 100 %. */
  end(complete: boolean): void;
}

/** Starts a display; `unit` prints an amount, such as a number of bytes. */
export function startProgress(unit: (amount: number) => string): Progress {
  return process.stdout.isTTY ? new Bars(unit) : new Lines(unit);
}

class Bars implements Progress {
  private readonly bars = new Map<string, SingleBar>();
  private readonly multi: MultiBar;

  constructor(private readonly unit: (amount: number) => string) {
    this.multi = new MultiBar({
      stream: process.stdout,
      format: '    {name} {bar} {percentage}%  {amount}',
      barsize: 32,
      barCompleteChar: '█',
      barIncompleteChar: '░',
      hideCursor: true,
      fps: 20,
      emptyOnZero: true,
      autopadding: true,
    });
  }

  show(amounts: ReadonlyMap<string, Amount>): void {
    for (const [name, { done, total }] of amounts) {
      const shown = { name: name.padEnd(10), amount: `${this.unit(done)} of ${this.unit(total)}` };
      const bar = this.bars.get(name) ?? this.multi.create(Math.max(1, total), 0, shown);
      this.bars.set(name, bar);
      bar.setTotal(Math.max(1, total));
      bar.update(Math.min(done, Math.max(1, total)), shown);
    }
  }

  end(complete: boolean): void {
    if (complete) for (const bar of this.bars.values()) bar.update(bar.getTotal());
    this.multi.stop();
  }
}

const LINE_EVERY_MS = 1_000;
/** Percent of the whole between two lines, so that a slow machine does not fill the screen. */
const LINE_EVERY_PERCENT = 10;

class Lines implements Progress {
  private printed = 0;
  private shown = -LINE_EVERY_PERCENT;

  constructor(private readonly unit: (amount: number) => string) {}

  show(amounts: ReadonlyMap<string, Amount>): void {
    const sum = (field: keyof Amount): number => [...amounts.values()].reduce((all, amount) => all + amount[field], 0);
    const overall = percent(sum('done'), sum('total'));
    if (Date.now() - this.printed < LINE_EVERY_MS || overall - this.shown < LINE_EVERY_PERCENT) return;
    this.printed = Date.now();
    this.shown = overall;
    const all = [...amounts].map(
      ([name, { done, total }]) => `${name} ${percent(done, total)}% of ${this.unit(total)}`,
    );
    say(dim(`    ${all.join(', ')}`));
  }

  end(complete: boolean): void {
    if (complete) say(dim('    100%'));
  }
}
