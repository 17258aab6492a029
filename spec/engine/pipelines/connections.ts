import { threadId } from "node:worker_threads";
import { type Each, input, mapOver, model, node, type Output, output, Pipeline, resource } from "../../../src/index.js";

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
