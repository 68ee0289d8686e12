/** An operation that a cluster acknowledged. */
export interface Write {
  readonly id: string;
  readonly action: 'index' | 'update' | 'delete';
  readonly routing: string | undefined;
  /** The document, or what an update changes. */
  readonly body: string;
  readonly seqNo: number;
  /** Digits. */
  readonly version: string;
  /** `performance.now()` around the request. */
  readonly sent: number;
  readonly acknowledged: number;
}

/** A document as somebody read it. */
export interface ShownDocument {
  readonly source: string;
  readonly routing: string | undefined;
  /** Digits. */
  readonly version: string;
}

/** One id from one write to the next. */
interface State {
  /** Undefined: there is no such document. */
  readonly shown: ShownDocument | undefined;
  /** First moment at which the state may show. */
  readonly from: number;
  /** Moment from which on the next state must show instead. */
  readonly end: number;
}

/**
 * Everything that was written to an index, and so what it may have held at a moment. Knows nothing of the code under
 * test: no view, no page, no sequence number of what was read.
 *
 * With one writer, moments are sequence numbers: the index holds all writes up to one and none above. With several a
 * write takes effect at some moment between request and answer; those of one id do so in the order of their numbers.
 */
export class WriteHistory {
  private readonly writes = new Map<string, Write[]>();
  private readonly states = new Map<string, State[]>();

  constructor(private readonly writers: 'one' | 'several') {}

  add(write: Write): void {
    const known = this.writes.get(write.id);
    if (known === undefined) this.writes.set(write.id, [write]);
    else known.push(write);
    this.states.delete(write.id);
  }

  get ids(): string[] {
    return [...this.writes.keys()];
  }

  /** Writes that were sent and acknowledged within. */
  countWithin(began: number, ended: number): number {
    return this.all().filter((write) => write.sent >= began && write.acknowledged <= ended).length;
  }

  /**
   * Throws unless `documents` are what the index held, of these ids, at one moment not before `began` and not after
   * `ended` (as `performance.now()`). All writes that were sent until then must have been added.
   */
  check(documents: ReadonlyMap<string, ShownDocument>, ids: readonly string[], began: number, ended: number): void {
    const strange = this.strangers(documents, ids);
    if (strange !== undefined) throw new Error(`[${strange}] does not belong here`);
    let { from, end } = this.moments(began, ended);
    let [since, until] = ['the beginning', 'the end'];
    const oftenMissing: State[][] = [];
    for (const id of ids) {
      const document = documents.get(id);
      const possible = this.statesOf(id).filter(({ shown }) => isSame(shown, document));
      const what = `[${id}] ${document === undefined ? 'is missing' : `has version ${document.version}`}`;
      if (possible.length === 0) throw new Error(`${what}, and never looked so: ${JSON.stringify(document)}`);
      if (possible.length > 1) {
        oftenMissing.push(possible);
        continue;
      }
      if (possible[0].from > from) [from, since] = [possible[0].from, what];
      if (possible[0].end < end) [end, until] = [possible[0].end, what];
    }
    if (from >= end) throw new Error(`no one moment: ${since} is so from ${from} on, ${until} until ${end}`);
    // Where there is such a moment, there is one at which some state begins.
    const candidates = [from, ...oftenMissing.flat().map((state) => state.from)].filter((at) => at >= from && at < end);
    const holdsAt = (at: number) => (states: State[]) => states.some((state) => state.from <= at && at < state.end);
    if (!candidates.some((at) => oftenMissing.every(holdsAt(at)))) {
      throw new Error(`no one moment in [${from}, ${end}) at which all that is missing was`);
    }
  }

  private strangers(documents: ReadonlyMap<string, ShownDocument>, ids: readonly string[]): string | undefined {
    const own = new Set(ids);
    return [...documents.keys()].find((id) => !own.has(id));
  }

  private moments(began: number, ended: number): { from: number; end: number } {
    if (this.writers === 'several') return { from: began, end: ended };
    let from = -1;
    let end = 0;
    for (const { seqNo, sent, acknowledged } of this.all()) {
      if (acknowledged <= began) from = Math.max(from, seqNo);
      if (sent <= ended) end = Math.max(end, seqNo + 1);
    }
    return { from, end };
  }

  private statesOf(id: string): readonly State[] {
    let states = this.states.get(id);
    if (states === undefined) {
      const writes = [...(this.writes.get(id) ?? [])].sort((a, b) => a.seqNo - b.seqNo);
      const endOf = (i: number): number =>
        i === writes.length ? Infinity : this.writers === 'one' ? writes[i].seqNo : writes[i].acknowledged;
      states = [{ shown: undefined, from: -Infinity, end: endOf(0) }];
      for (const [i, write] of writes.entries()) {
        const source = sourceAfter(states[i].shown?.source, write);
        const shown = source === undefined ? undefined : { source, routing: write.routing, version: write.version };
        states.push({ shown, from: this.writers === 'one' ? write.seqNo : write.sent, end: endOf(i + 1) });
      }
      this.states.set(id, states);
    }
    return states;
  }

  private all(): Write[] {
    return [...this.writes.values()].flat();
  }
}

function sourceAfter(before: string | undefined, { action, body }: Write): string | undefined {
  if (action === 'delete') return undefined;
  if (action === 'index' || before === undefined) return body;
  return JSON.stringify({ ...(JSON.parse(before) as object), ...(JSON.parse(body) as object) });
}

function isSame(a: ShownDocument | undefined, b: ShownDocument | undefined): boolean {
  return a?.source === b?.source && a?.routing === b?.routing && a?.version === b?.version;
}
