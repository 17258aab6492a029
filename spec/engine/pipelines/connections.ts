import { threadId } from "node:worker_threads";
import {
  type Each,
  input,
  mapOver,
  model,
  type Nested,
  node,
  type Output,
  output,
  Pipeline,
  resource,
} from "../../../src/index.js";

/** Two addresses of one name are the same for a cache. */
@model({ key: ["name"] })
export class Address {
  constructor(
    readonly name: string,
    readonly port: number,
  ) {}
}

let built = 0;

class Connection {
  readonly id = `${process.pid}/${threadId}/${++built}`;
  constructor(readonly port: number) {}
}

/** Its resource is built from what a node makes anew in each run. */
export class Connected extends Pipeline {
  @input() xs!: number[];
  @input() name!: string;
  @input() port!: number;

  @node("name", "port", { cache: false }) address(name: string, port: number): Address {
    return new Address(name, port);
  }
  @resource("address") connection(address: Address): Connection {
    return new Connection(address.port);
  }
  @mapOver("xs", "connection") used(_x: number, connection: Connection): Each<[string, number]> {
    return [connection.id, connection.port];
  }
  @output("used") connections(used: [string, number][]): Output<[string, number][]> {
    return [...new Map(used)];
  }
}

let hasFailed = false;

class Connecting extends Pipeline {
  @input() x!: number;
  @input() address!: { port: number };
  /** Changes what it is built from and fails, the first time that a port is 1. */
  @resource("address") connection(address: { port: number }): Connection {
    if (address.port === 1 && !hasFailed) {
      hasFailed = true;
      address.port = 9;
      throw new Error("no connection");
    }
    return new Connection(address.port);
  }
  @node("x", "connection") used(_x: number, connection: Connection): number {
    return connection.port;
  }
}

/** The failure to build a resource is that of one element. */
export class Reconnected extends Pipeline {
  @input() xs!: number[];
  @input() port!: number;
  @node("port", { cache: false }) address(port: number): { port: number } {
    return { port };
  }
  @mapOver("xs", Connecting, { x: "xs", address: "address" }, "used", { onError: "collect" }) ports!: Nested<number[]>;
}
