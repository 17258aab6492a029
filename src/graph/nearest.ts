export { enumerated, suggestion } from "../util/nearest.js";
