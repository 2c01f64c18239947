import { orderOf } from './snapshot';

/** One path in up to three ordered lists. */
export interface Joined<A, B, C> {
  readonly path: string;
  readonly first?: A;
  readonly second?: B;
  readonly third?: C;
}

interface Placed {
  readonly path: string;
}

/** Reads three lists beside each other, each in the order of a walk. */
export async function* join<A extends Placed, B extends Placed, C extends Placed>(
  first: AsyncIterable<A>,
  second: AsyncIterable<B>,
  third: AsyncIterable<C>,
): AsyncGenerator<Joined<A, B, C>> {
  const lists = [new Head(first), new Head(second), new Head(third)] as const;
  try {
    for (;;) {
      for (const list of lists) await list.load();
      const orders = lists.flatMap(({ order }) => order ?? []);
      if (orders.length === 0) return;
      const least = orders.reduce((one, other) => (other < one ? other : one));
      const [a, b, c] = [lists[0].take(least), lists[1].take(least), lists[2].take(least)];
      yield {
        path: (a ?? b ?? c)!.path,
        ...{ ...(a && { first: a }), ...(b && { second: b }), ...(c && { third: c }) },
      };
    }
  } finally {
    for (const list of lists) await list.close();
  }
}

/** The next entry of a list. */
class Head<T extends Placed> {
  order: string | undefined;
  private next: T | undefined;
  private readonly iterator: AsyncIterator<T>;

  constructor(list: AsyncIterable<T>) {
    this.iterator = list[Symbol.asyncIterator]();
  }

  async load(): Promise<void> {
    if (this.next) return;
    const { done, value } = await this.iterator.next();
    this.next = done ? undefined : (value as T);
    this.order = this.next && orderOf(this.next.path);
  }

  take(order: string): T | undefined {
    if (this.order !== order) return undefined;
    const { next } = this;
    this.next = undefined;
    return next;
  }

  async close(): Promise<void> {
    await this.iterator.return?.();
  }
}
