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
  },
  Cache: {
    "a process is killed while it writes":
      "The file is whole. Lost is what waited for being written, a tenth of a second's worth.",
    "entries of a store are damaged": "They are computed anew, with one warning.",
    "a store's file is cut off, or has other bytes": "Right values, or `BAD_STORE`.",
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
    "somebody else writes jobs, code or results": "`NOT_SIGNED`: with a key, nothing of it is run or believed.",
    "a worker has another protocol version": "Both say so; it goes on with clients of its own version.",
  },
  Clock: {
    "waits that Node's timers cut to a millisecond": "They last as long as they say.",
  },
  Signals: {
    "SIGINT to the command": "Nodes hear of it, containers end, exit code 130.",
    "a second Ctrl-C while a node never ends": "The command ends.",
    "SIGTERM to the command": "It ends with what it runs, also where a node never ends.",
    "the command is killed": "The process that it runs ends, too.",
    "a signal to a queue's client": "Its jobs are taken back from Redis.",
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
