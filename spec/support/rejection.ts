/** The error that a promise is rejected with. */
export async function rejection<E extends Error = Error>(promise: PromiseLike<unknown>): Promise<E> {
  try {
    await promise;
  } catch (error) {
    return error as E;
  }
  throw new Error("nothing was thrown");
}
