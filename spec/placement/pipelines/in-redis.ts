import KeyvRedis from "@keyv/redis";
import Keyv from "keyv";
import { cached, type Each, input, keyv, mapOver, Pipeline } from "../../../src/index.js";

/** Remembers in the Redis that its own environment names. */
@cached(keyv(new Keyv(new KeyvRedis(process.env.REDIS_URL ?? "redis://127.0.0.1:9"))))
export class InRedis extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") squares(x: number): Each<number> {
    console.log(`squaring ${x}`);
    return x * x;
  }
}
