export { didYouMean, formatList } from "../util/suggest.js";
