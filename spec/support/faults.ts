import { appendFileSync } from "node:fs";

/** Faults that the specs inject, by area, with what is promised of each: the rows of docs/reliability.md, in their order. */
export const FAULTS = {
  Threads: {
    "a method ends its thread, or takes all its memory":
      "The element fails by name, the others complete, and later runs have threads.",
    "an uncaught error of a timer ends a thread":
      "The element of that thread fails by name; where several were in flight, each is tried alone.",
    "a method loops forever": "`timeoutMs` ends the thread: its element fails, the others complete.",
    "a run is stopped while its threads compute": "Threads end within `graceMs`; runs beside it have their results.",
    "a method waits forever, and nothing else is pending": "Exit code 13; the method and the element are named.",
    "a method calls process.exit() outside of threads": "The command's exit code is 1; the method is named.",
  },
  Cache: {
    "a process is killed while it writes":
      "The file is intact. Only entries not yet written are lost, a tenth of a second's worth.",
    "entries of a store are damaged": "They are computed again, with one warning.",
    "a store's file is cut off, or has other bytes": "Right values, with at most one warning.",
    "a store's file is deleted while it is open": "It is created again.",
    "the Redis of a keyv is lost during a run": "The run ends as without a cache, with one warning.",
  },
  Disk: {
    "the disk is full while a store writes": "The run ends as without a cache, with one warning.",
    "the disk is read-only when a store is opened": "The run ends as without a cache, with one warning.",
    "another process locks a store for ten seconds": "The run continues without it, with one warning.",
    "the disk is full under an event log": "The run continues; one warning reports lost events.",
    "the disk is full under a queue's journal": "The run continues; one warning reports that it can't be resumed.",
    "the command's output can't be written": "Exit code 1, with the reason.",
    "a journal's record is torn":
      "`hypernodes resume` continues after the last complete record, also after the next kill.",
  },
  Queue: {
    "a queue's client is killed": "`hypernodes resume` continues from its journal.",
    "a worker is killed in a chunk": "Other workers compute its elements; none is lost or counted twice.",
    "a worker is frozen, and wakes later": "Another worker computes its chunk; its late result changes nothing.",
    "an element ends its process at a worker": "It fails by name; elements beside it are tried separately.",
    "Redis is restarted, with its data": "The run continues.",
    "Redis loses its data":
      "Lost jobs are sent again, five times at most, then `REDIS_DATA_LOST` with the hint to resume.",
    "Redis is lost and does not return": "`REDIS_LOST` after `patienceMs`.",
    "Redis keeps its connections and does not answer": "`REDIS_LOST` after `patienceMs`.",
    "Redis is full, or refuses writes": "`REDIS_FULL` or `REDIS_REFUSES`, with advice.",
    "someone else writes jobs, code or results":
      "`NOT_SIGNED`: with a key, none of it is run or accepted; malformed data is `BAD_JOB`, `BAD_BUNDLE`, `DAMAGED`, or ignored; a key of another type ends the run with `REDIS_REFUSES`, `NO_WORKERS` or `WORKER_FAILED`.",
    "a worker has another protocol version": "Both report it; the worker continues with clients of its own version.",
    "another user can put code where it would be run": "`UNSAFE_FOLDER`, or an empty folder of the worker's own.",
  },
  "Local processes": {
    "a node crashes its local process, or takes its memory or time":
      "`PROCESS_ENDED`, `OUT_OF_MEMORY`, `PROCESS_TIMEOUT` name the node or the element; the parent process continues.",
    "a client is killed while it has a local process": "The process ends within two seconds, even if a node blocks it.",
  },
  Containers: {
    "a client is killed, or stopped, while it has a container":
      "The container ends by itself after `idleTimeoutMs`, and Modal's 10 seconds.",
    "a container is taken away":
      "The run is retried once in another one, if its results are cached or it had not started; else `CONTAINER_LOST`.",
    "a container that shares a map is taken away":
      "Only its chunk is repeated; an element whose container is lost three times is tried alone, and fails by name.",
    "a container runs out of memory, or of time":
      "`OUT_OF_MEMORY`, `CONTAINER_TIMEOUT`, whatever failed first; it is not retried.",
    "an element ends its process in a container":
      "`CONTAINER_PROCESS_ENDED`, `OUT_OF_MEMORY`; with `containers`, that element fails by name, and the others complete.",
    "the stream of results is cut": "It is resumed where it was, byte for byte.",
    "a stream to or from a container breaks for good": "`CONNECTION_LOST`, or the reason why the container has ended.",
    "bytes are damaged in transit, or of another protocol version": "`BAD_FRAME`, `OTHER_PROTOCOL`.",
    "packets are lost for 45 seconds": "The run continues.",
    "connections are refused for 3 seconds": "The run continues.",
    "connections are refused for a minute":
      "Runs that can be retried are, when the network is back; the others fail with `CONNECTION_LOST`.",
    "a container can't be ended":
      "The client retries when the network is back; else the container shuts down by itself.",
    "Modal starts no more containers for now": "Starts wait for their turn, two minutes at most.",
    "Modal has no more containers": "A shared map continues with the existing ones; without any, `NO_CAPACITY`.",
    "Modal does not answer, or refuses": "An error with a code and advice, and no container is left.",
    "a container starts late, or is never reported": "It is ended when it appears.",
    "an image is not built, or has no Node for it":
      "`IMAGE_FAILED` with the log, `IMAGE_WITHOUT_NODE`, `IMAGE_NODE_TOO_OLD`; not tried again.",
    "a volume refuses writes": "Shared arguments are sent to each container, with one warning.",
  },
  Clock: {
    "waits that Node's timers would cut to a millisecond": "They last as long as specified.",
    "a machine's clock is wrong, or is set during a run": "No effect: no wait and no timeout is measured by it.",
  },
  Signals: {
    "SIGINT to the command": "Nodes are notified, containers end, exit code 130.",
    "a second Ctrl-C while a node never ends": "The command ends.",
    "SIGTERM to the command": "It ends with its child processes, even if a node never ends.",
    "the command is killed": "Its child process ends, too.",
    "a signal to a queue's client": "Its jobs are removed from Redis.",
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
