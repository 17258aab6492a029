import { defaultMetadataStorage } from "class-transformer/cjs/storage.js";
import type { Violation } from "../errors.js";
import { validatedProperties } from "../graph/class-validator-metadata.js";
import type { Graph } from "../index.js";
import { JsonTextError, NumberText } from "../util/json-text.js";
import { inputError } from "../values/inputs.js";
import { asDeclared, formatValue, holdsAnyInteger, isListType, Misfit } from "./declared-type.js";
import { usageError } from "./exit-codes.js";
import { hasLinesName, type JsonSource, readElements, readJson } from "./json-source.js";
import { jsonAdvice, jsonOrText, parsePair, refusePrototypeName } from "./parse-args.js";

const PLAIN_TO_CLASS = 0;
const PRIMITIVES: readonly (Function | undefined)[] = [String, Number, Boolean, BigInt];

/** The pipeline that inputs are for. */
export interface InputTarget {
  /** The pipeline class. */
  readonly type: Function;
  readonly graph: Graph;
  /** The inputs with a list of values: the pipeline runs once per element. */
  readonly over: readonly string[];
  /**
   * True if the only one of them, if it is read from its own file, may be an iterable that reads elements as they are
   * needed.
   */
  readonly streams?: boolean;
}

/**
 * Parses the inputs of a pipeline on a command line.
 *
 * @param given each `name=value`, `name=@file.json`, `name=@file.jsonl`, `name=@-` for standard input, or `@file.json`
 * with all of them in one object. `@jsonl:` before a file marks it as JSON lines; `@@` begins a text with `@`. A value
 * is JSON of the declared type of the input. A value that is not JSON, and any value of an input that takes a string,
 * is a text.
 * @throws {HypernodesError} `USAGE` for an input that can't be read, or is given twice.
 * @throws {InputError} with all values that do not have the type of their input.
 */
export async function parseInputs(given: readonly string[], about: InputTarget): Promise<Record<string, unknown>> {
  const inputs: Record<string, unknown> = {};
  const violations: Violation[] = [];
  const put = async (name: string, value: unknown, isExact: boolean) => {
    try {
      inputs[name] = declared(value, name, about, isExact);
    } catch (error) {
      if (!(error instanceof Misfit)) throw error;
      violations.push({ path: `${name}${error.path}`, constraint: "type", problem: error.problem });
      const { element } = error;
      if (element !== undefined) {
        violations.push(...(await validations(about.type, name, (value as unknown[])[element], `${name}[${element}]`)));
      } else if (!about.over.includes(name)) violations.push(...(await validations(about.type, name, value)));
    }
  };
  const sources = given.map((one) => fileIn(one));
  if (sources.filter((source) => source?.file === "-").length > 1) {
    throw usageError(
      "--input",
      "standard input is given twice, and can be read once",
      "Write one of them into a file.",
    );
  }
  const names = new Set<string>();
  for (const one of given.filter((each) => !each.startsWith("@"))) {
    const [name] = parsePair("--input", one);
    if (names.has(name)) throw usageError(`--input ${name}`, "it is given twice", "Give each input once.");
    names.add(name);
  }
  for (const [i, one] of given.entries()) {
    const source = sources[i];
    if (one.startsWith("@")) {
      for (const [name, value] of Object.entries(await recordIn(one, source!.file))) {
        refusePrototypeName("--input", name);
        refuseNode(name, about.graph);
        await put(name, value, false);
      }
      continue;
    }
    const [name, text] = parsePair("--input", one);
    refuseOtherName(name, about.graph);
    refuseNode(name, about.graph);
    if (source === undefined) await put(name, valueIn(text.replace(/^@@/, "@"), name, about), false);
    else {
      const keepNumbers = holdsAnyInteger(typeOf(name, about));
      const read: JsonSource = {
        ...source,
        where: `--input ${one}`,
        takesList: takesList(name, about),
        keepNumbers: keepNumbers,
      };
      if (about.streams && about.over.length === 1 && about.over[0] === name && (read.file === "-" || read.isLines)) {
        const list = await listOrStream(read, name, about);
        if (Array.isArray(list)) await put(name, list, !keepNumbers);
        else inputs[name] = list;
      } else await put(name, await readJson(read), !keepNumbers);
    }
  }
  if (violations.length > 0) throw inputError(about.graph.pipeline, violations);
  return inputs;
}

/** Returns the file of `@file`, `name=@file` or `name=@jsonl:file`; undefined for a value, including `name=@@text`. */
function fileIn(one: string): { readonly file: string; readonly isLines: boolean } | undefined {
  const [, lines, file] = /^(?:[^=@][^=]*=)?@(?!@)(jsonl:)?(.*)$/s.exec(one) ?? [];
  return file === undefined ? undefined : { file, isLines: lines !== undefined || hasLinesName(file) };
}

/** A name that JavaScript uses may still be that of an input. */
function refuseOtherName(name: string, graph: Graph): void {
  const isInput = graph.nodes.some((node) => node.name === name && node.role === "input");
  if (!isInput || name === "__proto__") refusePrototypeName("--input", name);
}

/** Refuses a value for a node, which only a program can give. */
function refuseNode(name: string, graph: Graph): void {
  const node = graph.nodes.find((each) => each.name === name);
  if (node === undefined || node.role === "input") return;
  throw usageError(
    `--input ${name}`,
    `it is a ${node.role === "resource" ? "resource" : "node"}, not an input, and the command line gives values to inputs only`,
    node.role === "resource"
      ? `Leave it out. A program can give its value: run(inputs, { given: { ${name} } }).`
      : `To compute it: --outputs ${name}. A program can give its value: run(inputs, { given: { ${name} } }).`,
  );
}

/** Reads all inputs from one object. */
async function recordIn(one: string, file: string): Promise<object> {
  const all = await readJson({ file, where: `--input ${one}`, keepNumbers: true });
  if (typeof all === "object" && all !== null && !Array.isArray(all)) return all;
  throw usageError(`--input ${one}`, "it does not contain an object with the inputs", `Name one: --input NAME=${one}`);
}

function typeOf(name: string, { graph }: InputTarget): Function | undefined {
  return graph.nodes.find((node) => node.name === name && node.role === "input")?.emittedTypes?.type;
}

/** Tells if an input takes a list, which JSON lines are. */
function takesList(name: string, about: InputTarget): boolean {
  if (about.over.includes(name)) return true;
  return isListType(typeOf(name, about)) && !isTransformed(about.type, name);
}

function valueIn(text: string, name: string, about: InputTarget): unknown {
  if (typeOf(name, about) === String && !about.over.includes(name)) return text;
  try {
    return jsonOrText(text);
  } catch (error) {
    if (!(error instanceof JsonTextError)) throw error;
    throw usageError(
      `--input ${name}`,
      `it is not valid JSON: ${error.message}`,
      jsonAdvice("--input", name, text, "Write JSON. Put a text that looks like JSON in double quotes."),
    );
  }
}

/** @throws {Misfit} */
function declared(value: unknown, name: string, about: InputTarget, isExact: boolean): unknown {
  if (!about.over.includes(name)) return declaredOne(value, name, about, isExact);
  if (!Array.isArray(value)) throw new Misfit(`--over takes a JSON list of its values, not ${formatValue(value)}`);
  return value.map((element, i) => {
    try {
      return declaredOne(element, name, about, isExact);
    } catch (error) {
      throw error instanceof Misfit ? new Misfit(error.problem, `[${i}]${error.path}`, i) : error;
    }
  });
}

function declaredOne(value: unknown, name: string, about: InputTarget, isExact: boolean): unknown {
  const type = typeOf(name, about);
  if (!isFree(about.type, name, type)) return asDeclared(value, type, isExact);
  const big = type === BigInt && value instanceof NumberText ? value.integer : undefined;
  return big ?? asDeclared(value, undefined, isExact);
}

/** Maximum number of bytes of a list that is read before anything runs. */
const MAX_HELD = 16 * 1024 * 1024;

/** Returns the elements of a list; for a long one, an iterable that reads elements as they are needed. */
async function listOrStream(source: JsonSource, name: string, about: InputTarget) {
  const read = { bytes: 0 };
  const elements = readElements({ ...source, read });
  const list: unknown[] = [];
  while (read.bytes <= MAX_HELD) {
    const next = await elements.next();
    if (next.done) return list;
    list.push(next.value);
  }
  return elementsIn(list, elements, source, name, about);
}

/** @throws {InputError} for an element of another type, when it is read. */
async function* elementsIn(
  list: unknown[],
  others: AsyncIterable<unknown>,
  source: JsonSource,
  name: string,
  about: InputTarget,
): AsyncGenerator<unknown, void> {
  let index = 0;
  const all = async function* () {
    yield* list.splice(0);
    yield* others;
  };
  for await (const element of all()) {
    try {
      yield declaredOne(element, name, about, source.keepNumbers !== true);
    } catch (error) {
      if (!(error instanceof Misfit)) throw error;
      const at = `${name}[${index}]`;
      const violation = { path: `${at}${error.path}`, constraint: "type", problem: error.problem };
      throw inputError(about.graph.pipeline, [violation, ...(await validations(about.type, name, element, at))]);
    }
    index++;
  }
}

/** Tells if class-transformer creates the declared type from another one. */
function isFree(pipeline: Function, name: string, type: Function | undefined): boolean {
  if (type === String) return false;
  if (isTransformed(pipeline, name)) return true;
  return defaultMetadataStorage.findTypeMetadata(pipeline, name) !== undefined && !PRIMITIVES.includes(type);
}

function isTransformed(pipeline: Function, name: string): boolean {
  return defaultMetadataStorage.findTransformMetadatas(pipeline, name, PLAIN_TO_CLASS).length > 0;
}

/**
 * Returns the violations of class-validator's decorators for a value of a wrong type: their messages may be clearer.
 */
async function validations(type: Function, name: string, value: unknown, path = name): Promise<Violation[]> {
  if (!validatedProperties(type).has(name)) return [];
  const loaded = (await import("class-validator")) as Validator & { default?: Validator };
  const object = Object.assign(Object.create(type.prototype as object) as object, { [name]: value });
  const errors = await (loaded.default ?? loaded).validate(object, { forbidUnknownValues: false });
  return errors
    .filter(({ property }) => property === name)
    .flatMap(({ constraints = {} }) => Object.entries(constraints))
    .map(([constraint, problem]) => ({ path, constraint, problem }));
}

type Validator = Pick<typeof import("class-validator"), "validate">;
