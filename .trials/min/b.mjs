import { Pipeline } from "../../dist/index.js";
console.log(typeof Pipeline);
