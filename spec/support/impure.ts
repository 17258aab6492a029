import {
  type Batch,
  type Each,
  input,
  mapOver,
  type Nested,
  nested,
  node,
  type Output,
  output,
  Pipeline,
  resource,
} from "../../src/index.js";

export interface Row {
  at: number;
  tags: string[];
}

/** Pipelines whose nodes change what they take, for threads to import, too. */
export class Sorting extends Pipeline {
  @input() rows!: Row[];
  @node("rows") made(rows: Row[]): { rows: Row[]; by: Map<string, number[]> } {
    return { rows: structuredClone(rows), by: new Map([["at", [3, 1]]]) };
  }
  @node("made") async changed(made: { by: Map<string, number[]> }): Promise<number> {
    await Promise.resolve();
    return made.by.get("at")!.sort()[0]!;
  }
}

export class Tagging extends Pipeline {
  @input() rows!: Row[];
  @mapOver("rows") copies(row: Row): Each<Row> {
    return structuredClone(row);
  }
  @mapOver("copies") tagged(row: Row): Each<string> {
    if (row.at === 2) row.tags.push("two");
    return row.tags.join();
  }
  @output("tagged") all(tagged: string[]): Output<string> {
    return tagged.join();
  }
}

export class Batches extends Pipeline {
  @input() rows!: Row[];
  @mapOver("rows", { batch: 2, onError: "collect", retries: { times: 2, delayMs: 1 } }) marked(
    rows: Row[],
  ): Batch<number> {
    for (const row of rows) row.at++;
    return rows.map(({ at }) => at) as Batch<number>;
  }
}

export class Sharing extends Pipeline {
  @input() rows!: Row[];
  @node("rows") seen(_: Row[]): { at: number[] } {
    return { at: [] };
  }
  @mapOver("rows", "seen") noted(row: Row, seen: { at: number[] }): Each<number> {
    seen.at.push(row.at);
    return seen.at.length;
  }
}

class Inner extends Pipeline {
  @input() row!: Row;
  @node("row") cleared(row: Row): number {
    row.tags.length = 0;
    return row.at;
  }
}

export class Outer extends Pipeline {
  @input() rows!: Row[];
  @node("rows") first(rows: Row[]): Row {
    return structuredClone(rows[0]!);
  }
  @nested(Inner, { row: "first" }, "cleared") inner!: Nested<number>;
}

export class Each2 extends Pipeline {
  @input() rows!: Row[];
  @mapOver("rows", Inner, { row: "rows" }, "cleared") inner!: Nested<number[]>;
}

/** A resource changes what it is built from, for elements whose failures are collected. */
export class Building extends Pipeline {
  @input() rows!: Row[];
  @node("rows") first(rows: Row[]): Row {
    return structuredClone(rows[0]!);
  }
  @resource("first") table(first: Row): { first: Row } {
    first.tags.push("built");
    return { first };
  }
  @mapOver("rows", "table", { onError: "collect", retries: 1 }) found(row: Row, table: { first: Row }): Each<number> {
    return row.at + table.first.at;
  }
}

export class FailedBuilding extends Building {
  @resource("first") override table(first: Row): { first: Row } {
    first.at = 9;
    throw new Error("no table");
  }
}

export class FailedLater extends Pipeline {
  @input() rows!: Row[];
  @mapOver("rows", { onError: "collect", retries: { times: 2, delayMs: 1 } }) async counted(
    row: Row,
  ): Promise<Each<number>> {
    await Promise.resolve();
    row.at++;
    throw new Error("after it");
  }
}

class Parts extends Pipeline {
  @input() all!: { rows: Row[] };
  @input() row!: Row;
  @node("all.rows") cut(rows: Row[]): number {
    if (rows.length === 3) rows.pop();
    return rows.length;
  }
}

/** One pipeline inside another: an element of a list, and a part of a record, are handed on. */
class Middle extends Pipeline {
  @input() row!: Row;
  @input() all!: { rows: Row[] };
  @nested(Inner, { row: "row" }, "cleared") inner!: Nested<number>;
  @nested(Parts, { all: "all", row: "row" }, "cut") parts!: Nested<number>;
}

class Gathering extends Pipeline {
  @input() rows!: Row[];
  @node("rows") all(rows: Row[]): { rows: Row[] } {
    return structuredClone({ rows });
  }
  @node("rows") one(rows: Row[]): Row {
    return structuredClone(rows[0]!);
  }
  @node("rows") few(rows: Row[]): { rows: Row[] } {
    return structuredClone({ rows: rows.slice(1) });
  }
}

export class HandedOn extends Gathering {
  @nested(Middle, { row: "one", all: "few" }, "inner") middle!: Nested<number>;
}

export class HandedOnPart extends Gathering {
  @nested(Middle, { row: "one", all: "all" }, "parts") middle!: Nested<number>;
}

export class HandedOnEach extends Gathering {
  @mapOver("all.rows", Middle, { row: "all.rows", all: "few" }, "inner") middle!: Nested<number[]>;
}
