import { getOrCreate } from "../../util/get-or-create.js";
import { sha256 } from "../../util/sha256.js";

interface Node {
  readonly text: string;
  readonly next: readonly number[];
  readonly problem: string | undefined;
}

/** Digests of graph nodes and all that they reach, by content. Nodes in cycles differ by what they reach. */
export class Merkle {
  /** For each node, SHA-256 of it and of all that it leads to. */
  readonly digests: string[] = [];
  /** For each node, one that has a problem, of those that it leads to. */
  readonly flawed: (number | undefined)[] = [];

  /** @param stand sets what counts of the nodes of a part in those that lead to it, if not what they are now; it returns those without a problem then. */
  constructor(private readonly stand: (part: readonly number[], digests: string[]) => readonly number[]) {}

  /** Nodes that were there before are as they were. */
  take(nodes: readonly Node[]): void {
    const { digests, flawed } = this;
    if (digests.length === nodes.length) return;
    eachPart(nodes, digests.length, (part) => {
      digestPart(nodes, part, digests);
      const flaw = this.flawOf(part, nodes);
      const sound = this.stand(part, digests);
      for (const id of part) flawed[id] = flaw;
      for (const id of sound) flawed[id] = undefined;
    });
  }

  private flawOf(part: readonly number[], nodes: readonly Node[]): number | undefined {
    for (const id of part) if (nodes[id]!.problem !== undefined) return id;
    for (const id of part) {
      for (const other of nodes[id]!.next) if (this.flawed[other] !== undefined) return this.flawed[other];
    }
    return undefined;
  }
}

/** Refining more often would take the square of the length of a list whose elements know each other. */
const ROUNDS = 8;

function digestPart(nodes: readonly Node[], part: readonly number[], digests: string[]): void {
  const [first] = part;
  const { text, next } = nodes[first!]!;
  if (part.length === 1) {
    digests[first!] = digestOf(text, next, (other) => (other === first ? "-" : digests[other]!));
    return;
  }
  const inPart = new Set(part);
  const inner = new Map(part.map((id) => [id, nodes[id]!.next.filter((other) => inPart.has(other))]));
  let colours = new Map(
    part.map((id) => {
      const { text, next } = nodes[id]!;
      return [id, digestOf(text, next, (other) => (inPart.has(other) ? "-" : digests[other]!))] as const;
    }),
  );
  let count = new Set(colours.values()).size;
  for (let round = 0; round < ROUNDS && count < part.length; round++) {
    const before = count;
    const known = colours;
    colours = new Map(
      part.map((id) => [id, digestOf(known.get(id)!, inner.get(id)!, (other) => known.get(other)!)] as const),
    );
    count = new Set(colours.values()).size;
    if (count === before) break;
  }
  const walks = rarest(colours).map((root) => walkFrom(root, inner, colours));
  const least = walks.map(({ hash }) => hash).sort()[0];
  const places = new Map<number, number>();
  for (const { order } of walks.filter(({ hash }) => hash === least))
    for (const [place, id] of order.entries()) places.set(id, Math.min(place, places.get(id) ?? place));
  for (const id of part) digests[id] = digestOf(`${least} ${places.get(id)}`, [], () => "");
}

/** The nodes of the colour that the fewest have: any of them may be the one to begin with. */
function rarest(colours: ReadonlyMap<number, string>): number[] {
  const byColour = new Map<string, number[]>();
  for (const [id, colour] of colours) getOrCreate(byColour, colour, () => []).push(id);
  const [[, found]] = [...byColour].sort(
    ([one, ones], [other, others]) => ones.length - others.length || (one < other ? -1 : 1),
  ) as [[string, number[]]];
  return found.length * colours.size > MOST_STEPS ? found.slice(0, 1) : found;
}

/** A part is numbered from each node that may be the first, unless that takes seconds. */
const MOST_STEPS = 5_000_000;

/** Numbers the nodes of a part in the order of being reached from one: edges have an order, so that says all of how they are connected. */
function walkFrom(
  root: number,
  inner: ReadonlyMap<number, readonly number[]>,
  colours: ReadonlyMap<number, string>,
): { readonly hash: string; readonly order: readonly number[] } {
  const numbers = new Map([[root, 0]]);
  const order = [root];
  const texts: string[] = [];
  for (const id of order) {
    let text = colours.get(id)!;
    for (const next of inner.get(id)!) {
      if (!numbers.has(next)) numbers.set(next, order.push(next) - 1);
      text += ` ${numbers.get(next)}`;
    }
    texts.push(text);
  }
  return { hash: sha256(texts.join("\n")), order };
}

/** Digests come first: they have one length, so that no text looks like a digest. */
function digestOf(text: string, next: readonly number[], digest: (id: number) => string): string {
  let content = "";
  for (const id of next) content += digest(id);
  return sha256(`${content}\n${text}`);
}

/** Tarjan: the strongly connected parts of the nodes from a number on, each after those that it leads to. */
function eachPart(nodes: readonly Node[], begin: number, found: (part: readonly number[]) => void): void {
  const order = new Int32Array(nodes.length).fill(-1);
  const low = new Int32Array(nodes.length);
  /** For each node, the place in `next` to go on at. */
  const at = new Uint32Array(nodes.length);
  const isOpen = new Uint8Array(nodes.length);
  const open: number[] = [];
  let count = 0;
  for (let root = begin; root < nodes.length; root++) {
    if (order[root] !== -1) continue;
    const path = [root];
    while (path.length > 0) {
      const id = path[path.length - 1]!;
      if (order[id] === -1) {
        order[id] = low[id] = count++;
        open.push(id);
        isOpen[id] = 1;
      }
      const { next } = nodes[id]!;
      if (at[id]! < next.length) {
        const child = next[at[id]!++]!;
        if (child < begin) continue;
        if (order[child] === -1) path.push(child);
        else if (isOpen[child] === 1) low[id] = Math.min(low[id]!, order[child]!);
        continue;
      }
      path.pop();
      const parent = path[path.length - 1];
      if (parent !== undefined) low[parent] = Math.min(low[parent]!, low[id]!);
      if (low[id] !== order[id]) continue;
      const part: number[] = [];
      for (;;) {
        const member = open.pop()!;
        isOpen[member] = 0;
        part.push(member);
        if (member === id) break;
      }
      found(part);
    }
  }
}
