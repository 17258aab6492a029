import { appendFileSync } from "node:fs";

/** Faults that the specs inject, by area, with what is promised of each: the rows of docs/reliability.md, in their order. */
export const FAULTS = {
  Threads: {
    "a method ends its thread, or takes all its memory":
      "The element fails by name, the others complete, and later runs have threads.",
    "a timer's error that nobody catches ends a thread":
      "The element of that thread fails by name; where several overlapped, each is tried alone.",
    "a method loops for ever": "`timeoutMs` ends the thread: its element fails, the others complete.",
    "a run is stopped while its threads compute": "Threads end within `graceMs`; runs beside it have their results.",
    "a method waits for ever, and nothing is left to wait for": "Exit code 13; the method and the element are named.",
    "a method calls process.exit() outside of threads": "The command's exit code is 1; the method is named.",
  },
  Cache: {
    "a process is killed while it writes":
      "The file is whole. Lost is what waited for being written, a tenth of a second's worth.",
    "entries of a store are damaged": "They are computed again, with one warning.",
    "a store's file is cut off, or has other bytes": "Right values, with at most one warning.",
    "a store's file is deleted while it is open": "It is made anew.",
    "a keyv's Redis goes away in mid-run": "The run ends as without a cache, with one warning.",
  },
  Disk: {
    "the disk is full while a store writes": "The run ends as without a cache, with one warning.",
    "the disk takes nothing when a store is opened": "The run ends as without a cache, with one warning.",
    "another process locks a store for ten seconds": "The run goes on without it, with one warning.",
    "the disk is full under an event log": "The run goes on; one warning says that events are lost.",
    "the disk is full under a queue's journal": "The run goes on; one warning says that it can't be resumed.",
    "the command's output can't be written": "Exit code 1, with the reason.",
    "a journal's record is torn": "`hypernodes resume` goes on behind the last whole record, also after the next kill.",
  },
  Queue: {
    "a queue's client is killed": "`hypernodes resume` goes on from its journal.",
    "a worker is killed in a chunk": "Other workers do its elements; none is lost or told twice.",
    "a worker is frozen, and wakes later": "Its chunk is done elsewhere; what it brings late changes nothing.",
    "an element ends its process at a worker": "It fails by name; elements beside it are tried apart.",
    "Redis is restarted, with its data": "The run goes on.",
    "Redis loses its data":
      "What is lost is sent again, five times at most, then `REDIS_DATA_LOST` with the hint to resume.",
    "Redis goes away, and stays away": "`REDIS_LOST` after `patienceMs`.",
    "Redis keeps its connections and does not answer": "`REDIS_LOST` after `patienceMs`.",
    "Redis is full, or takes no writes": "`REDIS_FULL` or `REDIS_REFUSES`, with advice.",
    "somebody else writes jobs, code or results":
      "`NOT_SIGNED`: with a key, nothing of it is run or believed; what has no form of ours is `BAD_JOB`, `BAD_BUNDLE`, `DAMAGED`, or left out.",
    "a worker has another protocol version": "Both say so; it goes on with clients of its own version.",
    "another user has put something where a worker unpacks code":
      "`UNSAFE_FOLDER`, or an empty folder of the worker's own.",
  },
  "Local processes": {
    "a node crashes its local process, or takes its memory or time":
      "`PROCESS_ENDED`, `OUT_OF_MEMORY`, `PROCESS_TIMEOUT` name the node or the element; this process goes on.",
    "a client is killed while it has a local process":
      "The process ends within two seconds, also where a node blocks it.",
  },
  Containers: {
    "a client is killed, or stopped, while it has a container":
      "The container ends by itself after `idleTimeoutMs`, and Modal's 10 seconds.",
    "a container is taken away":
      "Another one does it, once, if what it computed is remembered or it had not begun; else `CONTAINER_LOST`.",
    "a container that shares a map is taken away":
      "Only its chunk is done again; a chunk that has lost three is tried alone, and fails by name.",
    "a container runs out of memory, or of time":
      "`OUT_OF_MEMORY`, `CONTAINER_TIMEOUT`, whatever broke first; it is not tried again.",
    "an element ends its process in a container":
      "`CONTAINER_PROCESS_ENDED`, `OUT_OF_MEMORY`; with `containers`, that element fails by name, and the others complete.",
    "the stream of results is cut": "It goes on where it was, byte for byte.",
    "a stream to or from a container breaks for good":
      "`CONNECTION_LOST`, unless the container has ended: then why it has.",
    "bytes are damaged on their way, or of another protocol version": "`BAD_FRAME`, `OTHER_PROTOCOL`.",
    "packets are lost for 45 seconds": "The run goes on.",
    "connections are refused for 3 seconds": "The run goes on.",
    "connections are refused for a minute":
      "What can begin anew does, when the network is there; the rest is `CONNECTION_LOST`.",
    "a container can't be ended": "That is tried again when the network is back; else it ends by itself.",
    "Modal starts no more containers for now": "Starts wait for their turn, two minutes at most.",
    "Modal has no more containers": "A shared map goes on with those that there are; without any, `NO_CAPACITY`.",
    "Modal does not answer, or refuses": "An error with a code and advice, and no container is left.",
    "a container comes late, or is never told of": "It is ended when it is there.",
    "an image is not built, or has no Node for it":
      "`IMAGE_FAILED` with the log, `IMAGE_WITHOUT_NODE`, `IMAGE_NODE_TOO_OLD`; not tried again.",
    "a volume takes nothing": "What elements share is sent to each container, with one warning.",
  },
  Clock: {
    "waits that Node's timers cut to a millisecond": "They last as long as they say.",
    "a machine's clock is wrong, or is set in mid-run": "Nothing: no wait and no silence is measured by it.",
  },
  Signals: {
    "SIGINT to the command": "Nodes hear of it, containers end, exit code 130.",
    "a second Ctrl-C while a node never ends": "The command ends.",
    "SIGTERM to the command": "It ends with what it runs, also where a node never ends.",
    "the command is killed": "The process that it runs ends, too.",
    "a signal to a queue's client": "Its jobs are taken back from Redis.",
    "a signal to a container's client": "The container ends, and then the client.",
  },
} as const;

type Area = keyof typeof FAULTS;
/** A fault by its name in `FAULTS`. */
export type Fault = { [A in Area]: keyof (typeof FAULTS)[A] }[Area];

/** The file that `npm run reliability` collects the injected faults in, a JSON record a line. */
const FILE = process.env.HYPERNODES_FAULTS;
let injected = new Map<Fault, number>();

/** Counts a fault for the spec that is running, at the place where it is injected. */
export function inject(fault: Fault, times = 1): void {
  injected.set(fault, (injected.get(fault) ?? 0) + times);
}

/** Writes down the faults of the spec that has just ended. */
export function recordFaults(spec: Mocha.Test | undefined): void {
  if (FILE !== undefined && injected.size > 0) {
    const record = { spec: spec?.fullTitle(), hasPassed: spec?.state === "passed", faults: [...injected] };
    appendFileSync(FILE, `${JSON.stringify(record)}\n`);
  }
  injected = new Map();
}
