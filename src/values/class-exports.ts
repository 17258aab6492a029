import jsTokens, { type Token } from "js-tokens";

/** An export of a module that may be a class: only its value tells. */
export interface ClassExport {
  /** The name that importers give: `default`, too. */
  readonly name: string;
  /** The variable at the module's top; undefined for a default export without a name. */
  readonly local: string | undefined;
}

/**
 * The exports of a module that may be classes of its own. Those that it imports, or takes from another module, are that one's;
 * functions and plain values are none.
 *
 * @param source JavaScript, as a compiler has written it.
 */
export function classExports(source: string): readonly ClassExport[] {
  return new ExportWalk(source).all();
}

const SPACE = new Set(["WhiteSpace", "LineTerminatorSequence", "MultiLineComment", "SingleLineComment"]);
const DECLARES = new Set(["const", "let", "var"]);
const BEGINS = new Set([...DECLARES, "export", "import"]);
/** What begins an expression that is no class, or none that can be told to be one. */
const NO_CLASS = /^(?:function|async|await|new|typeof|void|delete|yield|null|true|false|undefined|this|super|import)$/;

/** Goes through the tokens that are in no brackets. */
class ExportWalk {
  private readonly tokens: readonly Token[];
  private at = 0;
  private readonly imported = new Set<string>();
  /** The variables at the module's top that may be classes. */
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

  /** Goes past a token; past all that is in brackets, if it opens some. */
  private skip(): void {
    let depth = 0;
    do {
      const { type, value } = this.tokens[this.at++]!;
      if (type !== "Punctuator") continue;
      if (value === "(" || value === "[" || value === "{") depth++;
      else if (value === ")" || value === "]" || value === "}") depth--;
    } while (depth > 0 && this.at < this.tokens.length);
  }

  /** The names between `import` and `from`. */
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

  /** `{ local, local as name }`, unless it is of another module. */
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

  /** `class Name`, or `let Name = ..., Other = ...`. @param found is told of each name that may be a class. */
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

  /** Goes to the next name of a declaration of several. @returns whether there is one. */
  private nextDeclarator(): boolean {
    for (; this.at < this.tokens.length; this.skip()) {
      const value = this.value()!;
      if (value === ",") {
        this.at++;
        return true;
      }
      // Without a semicolon, the next statement begins here.
      const begins = BEGINS.has(value) || (value === "class" && this.value(-1) === "}");
      if (value === ";" || (this.isName() && begins)) return false;
    }
    return false;
  }
}
