import { Pipeline } from "../../src/index.js";

console.log(typeof Pipeline);
