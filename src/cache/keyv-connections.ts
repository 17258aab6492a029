/** The part of a Keyv that ends its connection. */
interface Connection {
  disconnect?(): unknown;
}

const opened: WeakRef<Connection>[] = [];

/** Notes a Keyv that is used: it may have a connection. */
export function noteConnection(keyv: object): void {
  opened.push(new WeakRef(keyv as Connection));
}

/** Ends the connections of the Keyvs that were used. They would keep a process alive that has nothing left to do. */
export async function endConnections(): Promise<void> {
  // A connection that is lost already is no error.
  await Promise.allSettled(opened.map(async (keyv) => keyv.deref()?.disconnect?.()));
}
