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

  /** @param stand sets what counts of the nodes of a part in those that lead to it, if not what they are now. */
  constructor(private readonly stand: (part: readonly number[], digests: string[]) => void) {}

  /** Nodes that were there before are as they were. */
  take(nodes: readonly Node[]): void {
    const { digests, flawed } = this;
    for (const part of partsOf(nodes, digests)) {
      digestPart(nodes, part, digests);
      const inside = part.find((id) => nodes[id]!.problem !== undefined);
      const flaw = inside ?? firstDefined(part.flatMap((id) => nodes[id]!.next.map((other) => flawed[other])));
      this.stand(part, digests);
      for (const id of part) flawed[id] = flaw;
    }
  }
}

function firstDefined<T>(values: readonly (T | undefined)[]): T | undefined {
  return values.find((value) => value !== undefined);
}

function digestPart(nodes: readonly Node[], part: readonly number[], digests: string[]): void {
  const [first] = part;
  const { text, next } = nodes[first!]!;
  if (part.length === 1 && !next.includes(first!)) {
    digests[first!] = digestOf(text, next, (other) => digests[other]!);
    return;
  }
  const inPart = new Set(part);
  let colours = new Map(
    part.map((id) => {
      const { text, next } = nodes[id]!;
      return [id, digestOf(text, next, (other) => (inPart.has(other) ? "-" : digests[other]!))] as const;
    }),
  );
  // Until they are separated as far as they ever will be: then no longer walk finds a difference.
  for (let count = 0, before = -1; count !== before; ) {
    before = new Set(colours.values()).size;
    colours = new Map(
      part.map((id) => {
        const inner = nodes[id]!.next.filter((other) => inPart.has(other));
        return [id, digestOf(colours.get(id)!, inner, (other) => colours.get(other)!)] as const;
      }),
    );
    count = new Set(colours.values()).size;
  }
  const all = [...new Set(colours.values())].sort().join("");
  for (const id of part) digests[id] = digestOf(`${all}\n${colours.get(id)!}`, [], () => "");
}

/** Digests come first: they have one length, so that no text looks like a digest. */
function digestOf(text: string, next: readonly number[], digest: (id: number) => string): string {
  let content = "";
  for (const id of next) content += digest(id);
  return sha256(`${content}\n${text}`);
}

/** Tarjan: the strongly connected parts of what has no digest yet, each after those that it leads to. */
function partsOf(nodes: readonly Node[], digests: readonly string[]): number[][] {
  const parts: number[][] = [];
  const order = new Int32Array(nodes.length).fill(-1);
  const low = new Int32Array(nodes.length);
  /** For each node, the place in `next` to go on at. */
  const at = new Uint32Array(nodes.length);
  const isOpen = new Uint8Array(nodes.length);
  const open: number[] = [];
  let count = 0;
  for (let root = digests.length; root < nodes.length; root++) {
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
        if (child < digests.length) continue;
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
      parts.push(part);
    }
  }
  return parts;
}
