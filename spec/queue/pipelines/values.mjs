import KeyvSqlite from "@keyv/sqlite";
import Keyv from "keyv";

/** What clients and workers leave large values in. */
export default new Keyv(new KeyvSqlite(`sqlite://${process.env.VALUES_FILE}`));
