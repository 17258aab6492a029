import { Stalls } from "./awkward.js";

await new Stalls().run({ xs: [1, 2, 3] });
