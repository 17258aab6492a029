/**
 * The codes of all errors, with their causes and fixes. docs/troubleshooting.md is made from this table (`npm run docs:codes`), and
 * `ErrorCode` is the type of every error's code: an error with a code that has no entry does not compile. Other modules import only
 * types from this one, so its texts are never loaded with the package.
 */

/** The entry of one code in the troubleshooting page. */
export interface ErrorEntry {
  /** Section of the page. */
  readonly area: string;
  /** A sentence that says when the error occurs. */
  readonly summary: string;
  /** Possible causes, the most frequent one first. */
  readonly causes: readonly string[];
  /** The steps that solve the problem. */
  readonly fix: readonly string[];
}

function inArea<K extends string>(
  area: string,
  entries: Record<K, Omit<ErrorEntry, "area">>,
): Readonly<Record<K, ErrorEntry>> {
  const all = Object.entries<Omit<ErrorEntry, "area">>(entries).map(([code, entry]) => [code, { area, ...entry }]);
  return Object.fromEntries(all) as Record<K, ErrorEntry>;
}

const CLASSES = inArea("Pipeline classes", {
  BAD_ARGUMENT: {
    summary: "A decorator received an argument that it does not take.",
    causes: [
      "The options are not the decorator's last argument.",
      "A member is given as something other than its name in quotes.",
      '`@mapOver()` names no list, or the wiring of `@nested` is not `{ input: "member" }`.',
    ],
    fix: ["Pass the names as strings first, then at most one object with all options."],
  },
  BAD_NAME: {
    summary: "A member, or a class with `@model`, has a name that can't be used.",
    causes: [
      "The name is empty.",
      "It contains a character that has a meaning in paths, such as `.` or `[`.",
      "The name given to `@model` contains a comma.",
    ],
    fix: ["Rename the member, or pass another name: `@model({ name })`."],
  },
  CONSTRUCTOR_ARGUMENTS: {
    summary: "The constructor of a pipeline class takes arguments.",
    causes: ["Threads, workers and containers construct the class again, and have no arguments to pass."],
    fix: [
      "Declare the values as `@input()` and bind them: `new Retrieval().bind({ topK: 3 })`.",
      "Or write a subclass that sets them.",
    ],
  },
  CYCLE: {
    summary: "Nodes wait for each other, or a pipeline contains itself.",
    causes: [
      "Two or more nodes depend on each other; the error prints the cycle.",
      "A pipeline nests itself, directly or through another one.",
    ],
    fix: [
      "Remove one of the dependencies of the cycle.",
      "Write a loop inside a node: a pipeline has a fixed number of nodes.",
    ],
  },
  DUPLICATE_ROLE: {
    summary: "A member has two decorators that each give it a role.",
    causes: ["A member is decorated twice, for example with `@node` and `@output`."],
    fix: ["Keep one decorator. `@output` also computes; it does not need `@node`."],
  },
  EMPTY: {
    summary: "A pipeline class computes nothing.",
    causes: ["The class has no decorated members, or only inputs."],
    fix: ["Put `@node`, `@mapOver` or `@output` on the methods that compute."],
  },
  MISSING_INPUT: {
    summary: "A nested pipeline needs an input that the wiring leaves out.",
    causes: ["The wiring of `@nested` or `@mapOver` names some, but not all, required inputs of the nested pipeline."],
    fix: ["Wire the input to a member, bind it on the nested pipeline, or give it a default."],
  },
  NO_LIST: {
    summary: "`@mapOver` iterates over a member that is not a list.",
    causes: ["The TypeScript type of the member is, for example, a string or a number."],
    fix: ["Name a member that is an array or another iterable. A string is not iterated over."],
  },
  NO_PIPELINE: {
    summary: "The class given to `@nested` or `@mapOver` is not a pipeline class.",
    causes: [
      "Two modules import each other, so the class is still `undefined` when the decorator runs.",
      "The class does not extend `Pipeline`.",
    ],
    fix: ["Break the circular import: move one of the classes into a module of its own.", "Extend `Pipeline`."],
  },
  NO_ROLE: {
    summary: "A node depends on a method that has no decorator.",
    causes: ["The method's name is in a decorator's list, but the method itself is not decorated."],
    fix: ["Put `@node`, `@mapOver`, `@output` or `@resource` on the method."],
  },
  NOT_A_CLASS: {
    summary: "A decorator for classes is applied to something else.",
    causes: ["`@cached`, `@execution`, `@runOn` or `@model` is on a member, a parameter or a static member."],
    fix: ["Put it on the class."],
  },
  NOT_A_FIELD: {
    summary: "A decorator for fields is applied to a method.",
    causes: ["`@input`, or `@nested` or `@mapOver` with a pipeline, is on a method."],
    fix: ["Declare a field, or use `@node` for the method."],
  },
  NOT_A_MEMBER: {
    summary: "A decorator for instance members is applied to something else.",
    causes: ["The decorator is on a class, a parameter, a static member, an accessor, or a member named by a symbol."],
    fix: ["Put it on an instance field or method that has a name."],
  },
  NOT_A_METHOD: {
    summary: "A decorator for methods is applied to a field or to an abstract method.",
    causes: [
      "`@node`, `@output` or `@resource` is on a field, or on an abstract method.",
      "`@mapOver` is on a field, but no pipeline class follows the list.",
    ],
    fix: [
      "Write a method, and leave abstract methods undecorated.",
      'Pass the pipeline class: `@mapOver("texts", Child)`.',
    ],
  },
  NOT_CALLED: {
    summary: "A decorator is written without parentheses.",
    causes: ["`@node` instead of `@node()`, or `@input` instead of `@input()`."],
    fix: ["Add the parentheses."],
  },
  RESERVED_NAME: {
    summary: "A member has a name that pipelines or all JavaScript objects use.",
    causes: [
      "The member is named like a method of `Pipeline`, such as `run`, or like a member of every object, such as `constructor`.",
      "The member is named `then`: awaiting the results would call it.",
    ],
    fix: ["Rename the member."],
  },
  STANDARD_DECORATORS: {
    summary: "The code was compiled with standard (TC39) decorators.",
    causes: [
      "`experimentalDecorators` is not set in the `tsconfig.json` that the compiler or the loader reads.",
      "The `include` of that `tsconfig.json` does not cover the file.",
    ],
    fix: ['Set `"experimentalDecorators": true` in that file.', "Add the file's folder to `include`."],
  },
  TOO_FEW_NAMES: {
    summary: "A node's method has more parameters than its decorator names members.",
    causes: ["A parameter was added to the method, but not to the decorator."],
    fix: ["Name one member for each parameter, in the same order."],
  },
  UNKNOWN_INPUT: {
    summary: "The wiring names an input that the nested pipeline does not have.",
    causes: ["The name is misspelled, or the input was renamed."],
    fix: ["Use one of the nested pipeline's inputs: the error suggests the nearest name."],
  },
  UNKNOWN_NAME: {
    summary: "A node depends on a name that no member has.",
    causes: [
      "The name is misspelled, or the member was renamed.",
      'A path such as `"split.train"` names an output that the nested pipeline does not have.',
    ],
    fix: ["Use the name of an input, a node or a resource: the error suggests the nearest one."],
  },
  UNWIRED_ELEMENT: {
    summary: "A mapped nested pipeline does not receive the element in exactly one way.",
    causes: [
      "No input of the nested pipeline is wired to the list.",
      "The decorator names a list more often, or less often, than inputs are wired to it.",
    ],
    fix: ['Wire one input to each list that the decorator names: `@mapOver("texts", Child, { text: "texts" })`.'],
  },
  WRONG_TYPE: {
    summary: "A parameter's type does not fit the member that it receives.",
    causes: ["The order of the names differs from the order of the parameters.", "The member's type has changed."],
    fix: ["Change the order of the names, or one of the two types."],
  },
});

const CALLS = inArea("Inputs and options", {
  BAD_OPTION: {
    summary: "An option has a value that is not allowed.",
    causes: ["The value has another type or unit than the option takes, or is out of range."],
    fix: ["Use one of the values that the error lists."],
  },
  INVALID_INPUTS: {
    summary: "The inputs do not fit the pipeline. No node has run.",
    causes: [
      "A value has the wrong type, or fails a class-validator decorator: `error.violations` lists every problem with its path and `constraint`.",
      "An input is a promise that was not awaited.",
      "`@ValidateNested()` stands without `@Type(() => TheClass)`, so that the class of plain objects is not known. An interface does not exist at run time: `@Type` needs a class.",
      "The inputs are not an object of values by name.",
    ],
    fix: ["Correct the values that the violations name. `await` promises first."],
  },
  MISSING_INPUTS: {
    summary: "Required inputs have no value. No node has run.",
    causes: [
      "`run` was called without the input, or with `undefined`.",
      "The input is optional in TypeScript (`?`), which is erased at run time.",
    ],
    fix: [
      "Pass the input, bind it, or give the field an initializer.",
      "Mark an optional input: `@input({ optional: true })`.",
    ],
  },
  NOT_A_LIST: {
    summary: "A map received a value that is not a list.",
    causes: [
      "The value is a string, a plain object, a single element, or a promise.",
      "The map goes over a resource, or a part of one.",
    ],
    fix: [
      "Pass an array, a typed array, a Set or another iterable. `stream` also takes async iterables.",
      "Map over an input or the result of a node, and take the resource as a further argument.",
    ],
  },
  UNEQUAL_LENGTHS: {
    summary: "A map iterates over several lists of different lengths.",
    causes: ['The lists are combined element by element (`mode: "zip"`, the default).'],
    fix: ['Pass lists of the same length, or combine all pairs: `{ mode: "product" }`.'],
  },
  UNKNOWN_GIVEN: {
    summary: "The option `given` names something that is not a node.",
    causes: ["The name is misspelled, or it is the name of an input."],
    fix: ["Use a node's name in `given`, and pass inputs among the inputs."],
  },
  UNKNOWN_INPUTS: {
    summary: "The call passes an input that the pipeline does not have. No node has run.",
    causes: ["The name is misspelled.", "The name is that of a node, or of a field without `@input()`."],
    fix: ["Use the suggested name.", "To replace a node's value, use `given`; to declare an input, add `@input()`."],
  },
  UNKNOWN_OPTION: {
    summary: "An option does not exist.",
    causes: ["The name is misspelled, or it belongs to another decorator or method."],
    fix: ["Use the suggested name."],
  },
  UNKNOWN_OUTPUT: {
    summary: "The option `outputs` names something that can't be an output.",
    causes: ["The name is misspelled, or it is the name of an input or a resource."],
    fix: ["Name nodes of the pipeline. Nodes without `@output` can be named too."],
  },
  UNREADABLE_LIST: {
    summary: "Reading an iterable failed. A map iterates over it.",
    causes: ["Its iterator threw an error, which is the `cause`."],
    fix: ["Fix the iterator. The error's path contains the index that was being read."],
  },
});

const RUNS = inArea("Nodes and runs", {
  ABORTED: {
    summary: "The caller aborted the run.",
    causes: ["The `AbortSignal` passed to the run was aborted. Its reason is the `cause`."],
    fix: ["This error is expected after an abort: catch `AbortError`."],
  },
  BATCH_LENGTH: {
    summary: "A batch method returned a different number of values than it received elements.",
    causes: ["The method filters or merges elements, or does not return an array."],
    fix: ["Return an array with one value for each element, in the order of the elements."],
  },
  CHANGED_INPUT: {
    summary: "A node modified one of its arguments. Runs with `check: true` detect this.",
    causes: ["The method sorts, pushes to, or assigns into a value that other nodes also receive."],
    fix: ["Change a copy: `structuredClone(value)`, or `[...list].sort()`."],
  },
  DISPOSE_FAILED: {
    summary: "A resource could not be disposed after the run.",
    causes: ["The resource's `[Symbol.dispose]()` or `[Symbol.asyncDispose]()` threw an error, which is the `cause`."],
    fix: ["Fix the resource's dispose method."],
  },
  DISPOSED: {
    summary: "A pipeline that was opened with `open()` was used after its disposal.",
    causes: ["The run started after the `using` block had ended, or after `[Symbol.asyncDispose]()` was called."],
    fix: ["Run the pipeline before it is disposed, or open it again."],
  },
  INTERNAL: {
    summary: "hypernodes detected a mistake of its own and returned no result.",
    causes: ["A defect of hypernodes."],
    fix: ["Please report it, with the pipeline if possible."],
  },
  NO_RUN: {
    summary: "`currentRun()` was called when no node was running.",
    causes: [
      "The call is outside of a node, for example at the top of a module.",
      "A method that is not `async` calls it after it has returned its promise.",
    ],
    fix: ["Call it inside the node and pass its result on; or declare the method `async`."],
  },
  NODE_FAILED: {
    summary: "A node, or one element of a mapped node, threw an error.",
    causes: ["The code of the node threw an error: the `cause` has its stack."],
    fix: [
      "Read the cause and the arguments that the message prints, and fix the node.",
      'For failures that pass, use `retries`; to complete the other elements, use `onError: "collect"`.',
    ],
  },
  NOT_SUPPORTED: {
    summary: "Deno or Bun does not have a part of Node that the run needs.",
    causes: ["Threads need V8's serializer; a cache needs V8's inspector."],
    fix: ['Run the pipeline under Node, with the maps and nodes `"async"`, or without a cache, as the error says.'],
  },
  REPLACED_METHOD: {
    summary: "A method of a pipeline was replaced where a run can't call the new one.",
    causes: [
      'A test has replaced the method on an object of the class: `pipeline.page = fake`, `vi.spyOn(pipeline, "page")`.',
      "A test has replaced the method, or one that it may call by `this`, and the run sends it to threads or to another host, which import the original.",
    ],
    fix: [
      'Replace it on the class, `vi.spyOn(Pages.prototype, "page")`, and run in this process.',
      "Or give the node's value: `{ given: { page } }`.",
    ],
  },
  RESOURCE_FAILED: {
    summary: "A resource could not be built.",
    causes: ["The method with `@resource` threw an error, which is the `cause`."],
    fix: ["Fix the method, or what it opens: a file, a model, a connection."],
  },
  STATE_IN_NODE: {
    summary: "A node assigns to a property of `this`.",
    causes: ["The method stores a value on the pipeline. Threads and later runs would not see it."],
    fix: ["Return the value, or keep it in a `@resource`."],
  },
  TIMEOUT: {
    summary: "A call took longer than its `timeoutMs`.",
    causes: ["The work is slow, or it waits for something that does not answer."],
    fix: [
      "Raise `timeoutMs`, or add `retries`.",
      "Pass `currentRun().signal` on, so that the work stops when the time is over.",
    ],
  },
  UNDECLARED_DEPENDENCY: {
    summary: "A node reads an input or another node through `this`.",
    causes: ["The method uses `this.name`, but its decorator does not name the member."],
    fix: ["Add the name to the decorator and take it as a parameter."],
  },
  UNREADABLE_PATH: {
    summary: 'A path such as `"split.train"` leads to a value that could not be read.',
    causes: ["A getter or a Proxy in the value threw an error, which is the `cause`."],
    fix: ["Fix the getter, or return plain data from the node."],
  },
});

const THREADS = inArea("Threads", {
  NOT_IMPORTABLE: {
    summary: "A thread, a process or a container can't import the module that defines the class.",
    causes: [
      "The class has no decorator of its own, on a member or on itself, so its module is not known.",
      "The class is defined in a REPL, with `eval`, or inside a function.",
      "A test runner or a bundler transforms modules in memory, where threads can't load them.",
      "Importing the module throws an error, which is the `cause`.",
    ],
    fix: [
      "Put the class at the top level of a module, with a decorator such as `@execution({})`.",
      'In tests, keep the run in the main thread: `.with({ execution: { nodes: "async", maps: "async" } })`.',
    ],
  },
  RUN_AT_IMPORT: {
    summary: "The module that defines the class starts a run when it is imported.",
    causes: ["Each thread imports the module again, so the program at its top level would start again in each thread."],
    fix: [
      "Move the class into a module of its own.",
      "Or run the program only in the main thread: `if (isMainThread) await main()`.",
    ],
  },
  THREAD_LOST: {
    summary: "The thread that ran the element ended.",
    causes: [
      "The node calls `process.exit()`.",
      "An error was thrown in a timer or a callback, where nothing catches it.",
      "The thread ran out of memory.",
    ],
    fix: [
      "Throw errors in the node instead of ending the thread.",
      "Give threads more memory: `@execution({ resourceLimits: { maxOldGenerationSizeMb } })`.",
    ],
  },
});

const VALUES = inArea("Values", {
  BAD_BYTES: {
    summary: "Bytes could not be decoded.",
    causes: [
      "The bytes are truncated, damaged, or were not written by `encode`.",
      "They were written by another version of the format.",
    ],
    fix: ["Encode the value again."],
  },
  UNREADABLE: {
    summary: "An instance of a class could not be restored from its bytes.",
    causes: ["The class's `fromJSON()` threw an error, which is the `cause`."],
    fix: ["Make `fromJSON()` accept every result of `toJSON()`."],
  },
  UNSERIALISABLE: {
    summary: "A value can't be sent to a thread, a worker or a container, or stored in a cache.",
    causes: [
      "The value contains a function, a symbol, a promise, a stream, or an open handle.",
      "It contains an instance of a class that is not known on the other side.",
      "A getter, a Proxy or a `toJSON()` in it threw an error.",
    ],
    fix: [
      "Return plain data. Build connections, models and other objects with state in a `@resource`.",
      "Decorate the class with `@model()`, so that its instances keep their class.",
    ],
  },
});

const CACHES = inArea("Cache", {
  BAD_STORE: {
    summary: "The file given to `sqlite(path)` is not a cache.",
    causes: [
      "The file belongs to something else, or it is damaged.",
      "The path is that of a directory or of a device.",
    ],
    fix: ["Use another path.", "Delete the file if it is a damaged cache: it contains only computed values."],
  },
  CANT_LIST: {
    summary: "The entries of a Keyv store can't be listed.",
    causes: ["`stats`, `prune` or `clear` need to list the entries, and the Keyv's store has no iterator."],
    fix: ["Use the store's own tools, or a store that can be iterated, such as `sqlite(path)`."],
  },
  IN_THREAD: {
    summary: "Code in a thread called a maintenance operation of a store.",
    causes: ["`stats`, `prune` or `clear` was called inside a node that runs in a thread."],
    fix: ["Call it in the main thread, before or after the run."],
  },
  NEWER_STORE: {
    summary: "The cache file was written by a newer version of hypernodes.",
    causes: ["Another project, or a newer checkout, uses the same file."],
    fix: ["Update hypernodes, or use another path."],
  },
  NO_SQLITE: {
    summary: "SQLite is not available.",
    causes: ["This version of Node has no SQLite, and the optional package @photostructure/sqlite can't be loaded."],
    fix: [
      "Use Node 22.13 or newer, or run `npm install @photostructure/sqlite@1`.",
      "Or use another store: `memory()` or `keyv(store)`.",
    ],
  },
  STORE_UNAVAILABLE: {
    summary: "The cache can't be opened, read or pruned.",
    causes: [
      "The disk is full, the directory or the file can't be written to, or another process locks the file.",
      "The server of a Keyv does not answer.",
    ],
    fix: ["Make room, use a path that can be written to, stop the other process, or start the server."],
  },
});

const OBSERVABILITY = inArea("Observability", {
  INCOMPATIBLE_READER: {
    summary: "An observer can't observe a run at this placement.",
    causes: ["The observer names the placements that it works with, and the run's placement is not one of them."],
    fix: ["Remove the observer from the run, or run the pipeline at one of its placements."],
  },
  INVALID_EVENTS: {
    summary: "A file is not a readable event log.",
    causes: [
      "The file is incomplete, damaged, or contains something else.",
      "It was written by another version of the event format.",
      "It can't be opened, or the log can't be written.",
    ],
    fix: [
      "Write it again with `--events FILE` or `eventLog(file)`.",
      "Read it with the version of hypernodes that wrote it.",
    ],
  },
  NOT_BUILT: {
    summary: "The script of the graph's HTML page is missing.",
    causes: ["hypernodes runs from its source, and the package was not built."],
    fix: ["Run `npm run build` in the checkout. The published package contains the script."],
  },
});

const COMMAND = inArea("Command line and packages", {
  MISSING_PACKAGE: {
    summary: "An optional package is needed and can't be loaded.",
    causes: ["It is not installed, or it is installed in another project."],
    fix: ["Install it with the command that the error prints."],
  },
  NOT_IMPORTED: {
    summary: "The command can't import the module of the pipeline.",
    causes: ["The module throws an error when it is imported.", "A package that it imports is not installed."],
    fix: ["Fix the module. `--verbose` prints the stack of the error."],
  },
  OUTPUT_LOST: {
    summary: "The run's output could not be written.",
    causes: [
      "The disk is full, the file can't be written, or the reader of the pipe has ended.",
      "With `--json`: the output contains a value that JSON can't represent.",
    ],
    fix: ["Write to another file.", "Convert the value in the pipeline, or leave out `--json`."],
  },
  USAGE: {
    summary: "The command was called in a wrong way. Nothing has run.",
    causes: [
      "An option or an argument is unknown, missing, given twice, or has an invalid value.",
      "A file does not exist, or is not of the expected kind.",
    ],
    fix: ["Follow the advice of the error. `hypernodes help COMMAND` lists all options."],
  },
});

const BUNDLES = inArea("Code for other hosts", {
  BAD_FRAME: {
    summary: "Data between this process and a container or process arrived damaged.",
    causes: ["Something in the container writes to the channel that hypernodes uses."],
    fix: ["Run it again. If it happens again, look for code that writes to file descriptors it did not open."],
  },
  CACHE_CANT_TRAVEL: {
    summary: "A cache that was passed to the run can't be used on another host.",
    causes: ["The store is an object of this process: it was passed to `run` or set on a parent, not on the class."],
    fix: ["Put the store on the class: `@cached(keyv(...))`. The host opens it again with its own environment."],
  },
  CONNECTION_LOST: {
    summary: "The connection to a process or a container was lost.",
    causes: ["The network failed, or the host stopped answering."],
    fix: ["Run it again. With a cache, values that were stored are not computed again."],
  },
  FILES_TOO_LARGE: {
    summary: "The files that go with the code are too large.",
    causes: ["`modal({ files })` matches more bytes than a bundle takes."],
    fix: ["Put large files on a volume: `modal({ volumes })`."],
  },
  NO_SUCH_FILES: {
    summary: "A pattern of `modal({ files })` matches no file.",
    causes: ["Patterns are relative to the folder of the nearest package.json, not to the module."],
    fix: ["Correct the pattern."],
  },
  SHARED_MISSING: {
    summary: "A container does not have a value that all elements share. The client sends it again.",
    causes: ["The file on the volume was removed, or it is damaged."],
    fix: ["Nothing: this is handled within the run."],
  },
  NOT_BUNDLEABLE: {
    summary: "The pipeline's code can't be made into a bundle for another host.",
    causes: [
      "The class has no class decorator, or its code is in no file.",
      "esbuild can't resolve or compile one of the modules.",
      "A package has native code that can't be bundled.",
    ],
    fix: [
      "Put the class into a module, with a class decorator.",
      "Install a package that can't be bundled in the image: `image().npmInstall(name)`.",
    ],
  },
  OTHER_PROTOCOL: {
    summary: "The two sides of a connection use different versions of hypernodes.",
    causes: ["A worker, or the bundle in a container, has another version than this process."],
    fix: ["Install the same version on both sides, or give each version its own queue."],
  },
  OUT_OF_MEMORY: {
    summary: "A process or a container ran out of memory.",
    causes: ["Its memory limit, or the heap limit of its Node, was reached."],
    fix: [
      'Raise `memoryMiB`. For Node\'s heap, set `env: { NODE_OPTIONS: "--max-old-space-size=..." }`.',
      "Split the work into smaller elements.",
    ],
  },
  PACKAGE_MISSING: {
    summary: "The pipeline's module imports a package that the host does not have.",
    causes: ["The package is not bundled, and is not installed in the image or beside the worker."],
    fix: ["Install it in the image with `image().npmInstall(name)`, or where the worker was started."],
  },
  PROCESS_ENDED: {
    summary: "A process of `localProcess()` ended before it returned a result.",
    causes: ["The code calls `process.exit()`, threw where nothing catches, or crashed in native code."],
    fix: ["Read the last lines of its output in the error."],
  },
  PROCESS_TIMEOUT: {
    summary: "The work took longer than `localProcess({ timeoutMs })`.",
    causes: ["The work is slow, or never ends."],
    fix: ["Raise `timeoutMs`. With a cache, a second run continues from the stored values."],
  },
});

const MODAL = inArea("Modal", {
  CONTAINER_LOST: {
    summary: "Modal ended the container during the run.",
    causes: ["The container was preempted, ran out of memory, or somebody stopped it."],
    fix: ["Run it again. With `modal({ volume })` and a cache, stored values are not computed again."],
  },
  CONTAINER_PROCESS_ENDED: {
    summary: "The process in the container ended before it returned a result.",
    causes: ["The code calls `process.exit()`, threw where nothing catches, or crashed in native code."],
    fix: ["Read the last lines of its output in the error."],
  },
  CONTAINER_TIMEOUT: {
    summary: "The work took longer than `modal({ timeoutMs })`.",
    causes: ["The work is slow, or never ends."],
    fix: ["Raise `timeoutMs`. With `modal({ volume })` and a cache, a second run continues from the stored values."],
  },
  IMAGE_FAILED: {
    summary: "Modal could not build the image.",
    causes: ["A command of `image()` failed: the error contains the log of the build."],
    fix: ["Correct the command. Layers that were built are not built again."],
  },
  IMAGE_NODE_TOO_OLD: {
    summary: "The Node in the image is too old.",
    causes: ["The base image has an old Node, or one without SQLite while the pipeline uses `sqlite(path)`."],
    fix: ['Use `image().nodeSlim("22")` or `image().nodeInstall("22")`.'],
  },
  IMAGE_WITHOUT_NODE: {
    summary: "The image has no Node.",
    causes: ["The base image contains no Node, or a command needs it before it is installed."],
    fix: ['Install it first: `image().from(base).nodeInstall("22")`.'],
  },
  LOCAL_FILE: {
    summary: "A file of this machine can't be put into the image.",
    causes: ["The file does not exist, is too large, or contains a password, a token or a private key."],
    fix: [
      "Correct the path.",
      "Pass credentials as a Modal secret: `image().buildSecrets(name)`.",
      "Put large files on a volume.",
    ],
  },
  MODAL_FAILED: {
    summary: "Modal answered with an error that has no code of its own.",
    causes: ["A failure on Modal's side, or a request that it does not take."],
    fix: ["Try again; if it happens again, see https://status.modal.com."],
  },
  MODAL_SILENT: {
    summary: "Modal did not answer in time.",
    causes: ["The network is slow, or Modal is."],
    fix: ["Try again; see https://status.modal.com."],
  },
  NO_CAPACITY: {
    summary: "Modal has no room for the container.",
    causes: ["The GPU or the region is in short supply.", "The workspace has reached its limit of containers or GPUs."],
    fix: [
      "Ask for another GPU, for fewer, or leave out the region.",
      "End other apps, ask for fewer containers, or raise the workspace's limit.",
    ],
  },
  NO_TOKEN: {
    summary: "There is no token for Modal.",
    causes: ["Neither `MODAL_TOKEN_ID` and `MODAL_TOKEN_SECRET` nor `~/.modal.toml` are set."],
    fix: ["Create a token at https://modal.com/settings/tokens and set the two variables, or run `modal token set`."],
  },
  NOT_FOUND: {
    summary: "Modal has no object of this name.",
    causes: ["The name is misspelled, or the object is in another environment or workspace."],
    fix: ["Create it at https://modal.com, or use another name."],
  },
  RATE_LIMITED: {
    summary: "Modal limits the rate of requests.",
    causes: ["Too many containers or requests were started at once, by all processes together."],
    fix: ["Start fewer at once: `modal({ containers })`; or run it again later."],
  },
  REFUSED: {
    summary: "Modal refused the request.",
    causes: ["An option of `modal(...)` has a value that Modal does not take."],
    fix: ["Read Modal's reason in the error, and change the option."],
  },
  SECRET_NOT_FOUND: {
    summary: "A secret named in `modal({ secrets })` or `buildSecrets` does not exist.",
    causes: ["The name is misspelled, or the secret is in another workspace."],
    fix: ["Create it at https://modal.com/secrets, or use the suggested name."],
  },
  UNKNOWN_GPU: {
    summary: "Modal has no GPU of this name.",
    causes: ["The name is misspelled, or Modal no longer has the GPU."],
    fix: ["Use a GPU of https://modal.com/docs/guide/gpu."],
  },
  UNREACHABLE: {
    summary: "Modal can't be reached.",
    causes: ["This machine has no connection to https://api.modal.com, or a proxy blocks it."],
    fix: ["Check the network and the proxy."],
  },
  VOLUME_NOT_FOUND: {
    summary: "A volume named in `modal({ volumes })` does not exist.",
    causes: ["The name is misspelled, or the volume is in another workspace."],
    fix: ["Create it with `modal volume create NAME`, or use the suggested name."],
  },
  VOLUME_VERSION: {
    summary: "The volume of `modal({ volume })` is of an old version.",
    causes: ["Volumes of version 1 lose data when several containers write."],
    fix: ["Use another name: a volume of version 2 is created."],
  },
  WRONG_TOKEN: {
    summary: "Modal refused the token.",
    causes: ["The id and the secret do not belong together, or the token was revoked."],
    fix: ["Check `MODAL_TOKEN_ID`, `MODAL_TOKEN_SECRET` and `~/.modal.toml`."],
  },
});

const QUEUES = inArea("Queues", {
  BAD_BUNDLE: {
    summary: "A worker received code in a form that no client writes.",
    causes: ["Another program, or another version, writes to this Redis."],
    fix: ["Check who can write to Redis, and set `HYPERNODES_QUEUE_KEY`."],
  },
  BAD_JOB: {
    summary: "A worker received a job in a form that no client writes.",
    causes: ["Another program, or another version, writes to this queue."],
    fix: ["Check who can write to Redis, and set `HYPERNODES_QUEUE_KEY`."],
  },
  DAMAGED: {
    summary: "Stored data of a run is damaged.",
    causes: [
      "Code or values in Redis do not match their digest: another program has changed them.",
      "The inputs in the run's journal can't be read, so the run can't be resumed.",
    ],
    fix: ["Run it again. With a cache, values that were stored are not computed again."],
  },
  NO_REDIS: {
    summary: "Redis does not answer.",
    causes: ["Redis is not running, or the address is wrong."],
    fix: ["Start Redis or Valkey.", "Set the address: `bullmq({ connection })`, `--connection`, or `REDIS_URL`."],
  },
  NO_SUCH_RUN: {
    summary: "The run can't be resumed because it was not found.",
    causes: [
      "The run has ended, or it was started in another folder.",
      "The id is misspelled, or several ids begin with it.",
    ],
    fix: ["`hypernodes resume` without an id lists the runs of this folder. `--journal` names another folder."],
  },
  NO_VALUES: {
    summary: "A worker does not have the Keyv that holds large values.",
    causes: ["The run uses `bullmq({ values })`, and the worker was started without `--values`."],
    fix: ["Start all workers with `hypernodes worker --values FILE`."],
  },
  NO_WORKERS: {
    summary: "No worker took work from the queue for too long.",
    causes: [
      "No worker is running, or the workers use another queue, Redis or prefix.",
      "Redis refuses commands of the workers: their output shows it.",
    ],
    fix: ["Start a worker with the command that the error prints."],
  },
  NOT_IN_REDIS: {
    summary: "Code or values of a run are no longer in Redis.",
    causes: ["They expired while the client was silent, or Redis evicted them."],
    fix: [
      "Raise `bullmq({ expireMs })`, and set `maxmemory-policy noeviction`.",
      "If values are in a Keyv, check that the worker uses the same one as the client.",
    ],
  },
  NOT_SIGNED: {
    summary: "A job or a result is not signed with the key of the queue.",
    causes: [
      "The client and the worker have different keys, or only one of them has a key.",
      "Another program writes to this Redis.",
    ],
    fix: ["Give the client and all workers the same `HYPERNODES_QUEUE_KEY`."],
  },
  REDIS_DATA_LOST: {
    summary: "Redis has lost data of a run in progress.",
    causes: ["Redis was restarted without persistence, was emptied, or evicted keys."],
    fix: [
      "Set `maxmemory-policy noeviction` and `appendonly yes`, then continue with `hypernodes resume` or run it again.",
    ],
  },
  REDIS_FULL: {
    summary: "Redis can't store more.",
    causes: ["Redis has reached its `maxmemory`, or its disk is full."],
    fix: ["Give Redis more memory or disk space, or store large values in a Keyv: `bullmq({ values })`."],
  },
  REDIS_LOST: {
    summary: "Redis did not answer for too long during a run.",
    causes: ["Redis stopped, or the network failed."],
    fix: ["Start Redis, then continue with `hypernodes resume`. A worker waits as long as `--patience`."],
  },
  REDIS_REFUSES: {
    summary: "Redis refuses a command.",
    causes: [
      "The user, password or permissions are wrong.",
      "The server is a replica.",
      "Its version is older than 6.2.",
    ],
    fix: ["Follow the advice of the error for the reply that Redis gave."],
  },
  UNSAFE_FOLDER: {
    summary: "Other users could change the code that would be run.",
    causes: [
      "A worker's folder for code, or the journal of a run to resume, belongs to another user, is a link, or is not a folder.",
      "Other users can write to the folder in which a worker's folder is.",
    ],
    fix: [
      "Remove the folder, take the right to write to it from others, or start the worker in another folder.",
      "Resume a run as the user who started it.",
    ],
  },
  WORKER_FAILED: {
    summary: "A worker could not compute what it received.",
    causes: ["The worker itself failed: its output has the reason."],
    fix: ["Read the output of the worker."],
  },
  WORKER_LOST: {
    summary: "The worker's process that ran the element ended.",
    causes: ["The process ran out of memory, or native code crashed."],
    fix: ["Give the worker more memory, or run fewer chunks at once: `--concurrency`."],
  },
});

/** All codes, with their entries. */
export const ERROR_CODES = {
  ...CLASSES,
  ...CALLS,
  ...RUNS,
  ...THREADS,
  ...VALUES,
  ...CACHES,
  ...OBSERVABILITY,
  ...COMMAND,
  ...BUNDLES,
  ...MODAL,
  ...QUEUES,
};

/**
 * Code of an error or a defect: stable, for programs. docs/troubleshooting.md has an entry for each.
 *
 * @example
 * ```ts
 * const codes: readonly ErrorCode[] = ["NO_REDIS", "REDIS_LOST"];
 * if (error instanceof HypernodesError && codes.includes(error.code)) console.log("start Redis");
 * ```
 */
export type ErrorCode = keyof typeof ERROR_CODES;

/** One warning of the troubleshooting page. Warnings are of the type `HypernodesWarning` and do not end a run. */
export interface WarningEntry {
  /** A part of the warning's text. */
  readonly text: string;
  /** The cause, and its effect on the run. */
  readonly cause: string;
  /** The step that removes the cause. */
  readonly fix: string;
}

/** The warnings that the package emits. */
export const WARNINGS: readonly WarningEntry[] = [
  {
    text: "is not cached",
    cause:
      "The results of a node are not stored, for the reason that follows: for example, its code can't be analyzed, or a value can't be serialized.",
    fix: "Change the code that the reason names, or set `cache: false` on the node.",
  },
  {
    text: "failed; the run continues without it",
    cause: "The store of a cache threw an error, or did not answer. The run computes all values and stores none.",
    fix: "Fix the store: make room on the disk, or start its server.",
  },
  {
    text: "; it is computed again",
    cause: "An entry of a cache is damaged, or can't be decoded.",
    fix: "Nothing: the value is computed again and replaces the entry.",
  },
  {
    text: "is read-only, so new results are not stored",
    cause: "The file of a cache can be read, but not written.",
    fix: "Use a path that can be written to.",
  },
  {
    text: "an idle thread ended",
    cause: "A worker thread ended between two tasks. No result is lost.",
    fix: "Look for code that calls `process.exit()`, or that throws in a timer.",
  },
  {
    text: "nothing is left to wait for",
    cause: "The process ends while a run is not complete: a promise in it never settles.",
    fix: "Check that each promise of the named nodes is resolved or rejected.",
  },
  {
    text: "events can't be written any more",
    cause: "The file of an event log can't be written, for example because the disk is full. The run continues.",
    fix: "Make room, or write the events to another file.",
  },
  {
    text: "an event listener threw",
    cause:
      "A listener or an observer threw an error. The run is not affected, and later errors of the same listener are not reported.",
    fix: "Fix the listener.",
  },
  {
    text: "an event could not be emitted",
    cause: "An event of a thread or a host could not be passed on. The run is not affected.",
    fix: "Please report it, with the message.",
  },
  {
    text: "is installed twice",
    cause: "Two copies of a package are installed, so one does not see the decorators that the other recorded.",
    fix: "Install one copy: `npm dedupe`.",
  },
  {
    text: "the shared values of a map were not written to the volume",
    cause: "A Modal volume could not be written. Each container receives the values over the network.",
    fix: "Check the volume at https://modal.com.",
  },
  {
    text: "are not committed",
    cause: "Files that nodes wrote to a Modal volume could not be saved.",
    fix: "Run the pipeline again, or write the files to another volume.",
  },
  {
    text: "is lost with the container",
    cause: "A pipeline in a Modal container uses `sqlite(path)` without a volume.",
    fix: "Name a volume: `modal({ volume })`.",
  },
  {
    text: "a part of the cache can't be read",
    cause: "One of the files of a cache on a volume is damaged. Its values are computed again.",
    fix: "Nothing is required.",
  },
  {
    text: "the cache is not saved",
    cause: "The cache could not be written to the volume. The run's results are not affected.",
    fix: "Check the volume at https://modal.com.",
  },
  {
    text: "could not be ended",
    cause: "Modal did not answer the request to end a container. The container ends when it is idle.",
    fix: "Check https://modal.com/apps.",
  },
  {
    text: "and it is paid for",
    cause: "A container with GPUs ran without using them, or without using all of them.",
    fix: "Leave out `gpu`, ask for fewer, or check that the model is loaded onto the GPU.",
  },
  {
    text: "not all of it can be resumed",
    cause: "The journal of a run with a queue could not be written.",
    fix: "Make room on the disk, or turn the journal off: `bullmq({ journal: false })`.",
  },
];
