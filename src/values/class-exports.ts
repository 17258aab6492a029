import jsTokens, { type Token } from "js-tokens";

/** An export of a module that may be a class: only its value shows if it is. */
export interface ClassExport {
  /** The name that importers use, including `default`. */
  readonly name: string;
  /** The module's top-level variable; undefined for a default export without a name. */
  readonly local: string | undefined;
}

/**
 * Returns the exports of a module that may be classes defined in it. Classes that it imports or re-exports belong to
 * the other module; functions and plain values are excluded.
 *
 * @param source JavaScript, the output of a compiler.
 */
export function classExports(source: string): readonly ClassExport[] {
  return new ExportWalk(source).all();
}

const SPACE = new Set(["WhiteSpace", "LineTerminatorSequence", "MultiLineComment", "SingleLineComment"]);
const DECLARES = new Set(["const", "let", "var"]);
const BEGINS = new Set([...DECLARES, "export", "import"]);
/** The beginning of an expression that is not a class, or not recognizable as one. */
const NO_CLASS = /^(?:function|async|await|new|typeof|void|delete|yield|null|true|false|undefined|this|super|import)$/;

/** Walks the tokens that are not in brackets. */
class ExportWalk {
  private readonly tokens: readonly Token[];
  private at = 0;
  private readonly imported = new Set<string>();
  /** The module's top-level variables that may be classes. */
  private readonly declared = new Set<string>();
  private readonly exported: ClassExport[] = [];

  constructor(source: string) {
    this.tokens = [...jsTokens(source)].filter(({ type }) => !SPACE.has(type));
  }

  all(): readonly ClassExport[] {
    while (this.at < this.tokens.length) this.statement();
    return this.exported.filter(
      ({ local }) => local === undefined || (this.declared.has(local) && !this.imported.has(local)),
    );
  }

  private value(ahead = 0): string | undefined {
    return this.tokens[this.at + ahead]?.value;
  }

  private isName(ahead = 0): boolean {
    return this.tokens[this.at + ahead]?.type === "IdentifierName";
  }

  private statement(): void {
    const before = this.value(-1);
    if (!this.isName() || before === "." || before === "?.") this.skip();
    else if (this.value() === "import") this.import();
    else if (this.value() === "export") this.export();
    else this.declaration(undefined);
  }

  /** Skips a token; everything in brackets, if it opens some. */
  private skip(): void {
    let depth = 0;
    do {
      const { type, value } = this.tokens[this.at++]!;
      if (type !== "Punctuator") continue;
      if (value === "(" || value === "[" || value === "{") depth++;
      else if (value === ")" || value === "]" || value === "}") depth--;
    } while (depth > 0 && this.at < this.tokens.length);
  }

  /** Skips the names between `import` and `from`. */
  private import(): void {
    this.at++;
    if (this.value() === "(" || this.value() === ".") return;
    for (; this.at < this.tokens.length && this.tokens[this.at]!.type !== "StringLiteral"; this.at++) {
      if (this.isName()) this.imported.add(this.value()!);
    }
  }

  private export(): void {
    this.at++;
    if (this.value() === "default") this.default();
    else if (this.value() === "{") this.list();
    else this.declaration((local) => this.exported.push({ name: local, local }));
  }

  private default(): void {
    this.at++;
    if (this.value() === "class") {
      const local = this.isName(1) && this.value(1) !== "extends" ? this.value(1) : undefined;
      this.exported.push({ name: "default", local });
      this.declaration(undefined);
    } else if (this.isName() && (this.value(1) === ";" || this.isName(1) || this.at + 1 >= this.tokens.length)) {
      this.exported.push({ name: "default", local: this.value()! });
    }
  }

  /** Reads `{ local, local as name }`, unless it is of another module. */
  private list(): void {
    const listed: ClassExport[] = [];
    for (this.at++; this.at < this.tokens.length && this.value() !== "}"; this.at++) {
      if (!this.isName()) continue;
      const local = this.value()!;
      if (this.value(1) === "as") this.at += 2;
      if (this.isName()) listed.push({ name: this.value()!, local });
    }
    this.at++;
    if (this.value() !== "from") this.exported.push(...listed);
  }

  /**
   * Reads `class Name`, or `let Name = ..., Other = ...`.
   *
   * @param found receives each name that may be a class.
   */
  private declaration(found: ((local: string) => void) | undefined): void {
    const keyword = this.value()!;
    this.at++;
    const declare = (name: string) => {
      this.declared.add(name);
      found?.(name);
    };
    if (keyword === "class") {
      if (this.isName() && this.value() !== "extends") declare(this.value()!);
      while (this.at < this.tokens.length && this.value() !== "{") this.skip();
      if (this.at < this.tokens.length) this.skip();
    } else if (DECLARES.has(keyword)) {
      while (this.isName()) {
        const name = this.value()!;
        this.at++;
        if (this.value() === "=") {
          this.at++;
          if (this.mayBeClass()) declare(name);
        }
        if (!this.nextDeclarator()) break;
      }
    }
  }

  private mayBeClass(): boolean {
    if (this.isName()) return !NO_CLASS.test(this.value()!) && this.value(1) !== "=>";
    if (this.value() !== "(") return false;
    const { at } = this;
    this.skip();
    const isArrow = this.value() === "=>";
    this.at = at;
    return !isArrow;
  }

  /**
   * Moves to the next name of a declaration of several.
   *
   * @returns false if there is none.
   */
  private nextDeclarator(): boolean {
    for (; this.at < this.tokens.length; this.skip()) {
      const value = this.value()!;
      if (value === ",") {
        this.at++;
        return true;
      }
      // Without a semicolon, the next statement begins here.
      const startsStatement = BEGINS.has(value) || (value === "class" && this.value(-1) === "}");
      if (value === ";" || (this.isName() && startsStatement)) return false;
    }
    return false;
  }
}
