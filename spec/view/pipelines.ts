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

export class Model {
  readonly dimensions = 4;
}

/** Counts the words of a text. */
class Essay extends Pipeline {
  @input() text!: string;
  @input() language?: string = "he";

  @node("text", "language")
  words(text: string, language: string): string[] {
    return text.toLocaleLowerCase(language).split(" ");
  }

  @output("words")
  count(words: string[]): Output<number> {
    return words.length;
  }

  @output("words")
  longest(words: string[]): Output<string> {
    return words.reduce((a, b) => (a.length > b.length ? a : b));
  }
}

/** Everything that a graph can have. */
export class Corpus extends Pipeline {
  @input() texts!: string[];
  @input() titles!: string[];
  @input() weight?: number = 1;

  @resource()
  model(): Model {
    return new Model();
  }

  @mapOver("texts", Essay, { text: "texts" }) essays!: Nested<{ count: number; longest: string }[]>;

  @mapOver(["texts", "titles"], { mode: "product" })
  pairs(text: string, title: string): Each<boolean> {
    return text.includes(title);
  }

  @mapOver("texts", "model", { batch: 64 })
  vectors(texts: string[], model: Model): Batch<number> {
    return texts.map((text) => text.length * model.dimensions);
  }

  @nested(Essay, { text: "joined" }, "count") whole!: Nested<number>;

  @node("texts", { retries: 2, version: "1" })
  joined(texts: string[]): string {
    return texts.join(" ");
  }

  @output("essays", "pairs", "vectors", "weight", "whole")
  summary(essays: object[], pairs: boolean[], vectors: number[], weight: number, whole: number): Output<string> {
    return `${essays.length} ${pairs.length} ${vectors.length} ${weight} ${whole}`;
  }
}

/** Gives what is nested both of its inputs. */
export class Wired extends Pipeline {
  @input() texts!: string[];
  @input() language!: string;
  @mapOver("texts", Essay, { text: "texts", language: "language" }) essays!: Nested<
    { count: number; longest: string }[]
  >;
}

/** Names that go from right to left, and signs that mean something to those who draw. */
export class שאלות extends Pipeline {
  @input() טקסטים!: string[];

  @mapOver("טקסטים")
  תשובות(טקסט: string): Each<string> {
    return `${טקסט}?`;
  }

  @output("תשובות")
  end(תשובות: string[]): Output<string> {
    return תשובות.join();
  }
}
