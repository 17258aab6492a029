import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** The key that the API takes. */
const KEY = "a-key-of-the-specs";
/** More requests at once than these get 429. */
const MAX_AT_ONCE = 4;
/** Seconds after which a client may ask again. */
const RETRY_AFTER = "0.05";

/**
 * An embedding API on this machine that has a rate limit and fails: a request gets 429 while as many as allowed are answered, and so does
 * the first one for a text with "birds"; the first one for a text with "dog" gets 503, each for a text with "forbidden" 400.
 */
async function startEmbeddingApi(): Promise<{ readonly url: string; readonly server: Server }> {
  const seen = new Set<string>();
  let atOnce = 0;
  const server = createServer(async (request, response) => {
    atOnce++;
    const isTooMany = atOnce > MAX_AT_ONCE;
    const { input } = JSON.parse(await textOf(request)) as { input: string };
    const isFirst = !seen.has(input);
    seen.add(input);
    const answer = (status: number, body: object, headers = {}) => {
      atOnce--;
      response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
    };
    if (request.headers.authorization !== `Bearer ${KEY}`) return answer(401, {});
    if (isTooMany || (isFirst && input.includes("birds"))) return answer(429, {}, { "retry-after": RETRY_AFTER });
    if (isFirst && input.includes("dog")) return answer(503, {});
    if (input.includes("forbidden")) return answer(400, {});
    return answer(200, { data: [{ embedding: [input.length, input.split(" ").length] }] });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/embeddings`, server };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text;
}

/** The API that EMBEDDING_URL and EMBEDDING_KEY name while a suite runs. */
export function embeddingApiInEnvironment(): void {
  let server: Server;
  before(async () => {
    const started = await startEmbeddingApi();
    server = started.server;
    Object.assign(process.env, { EMBEDDING_URL: started.url, EMBEDDING_KEY: KEY });
  });
  after(() => {
    server?.close();
    delete process.env.EMBEDDING_URL;
    delete process.env.EMBEDDING_KEY;
  });
}
