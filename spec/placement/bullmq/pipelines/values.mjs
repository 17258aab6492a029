import Keyv from "keyv";
import { FolderStore } from "../../../support/folder-store.mjs";

/** Where clients and workers leave large values. */
export default new Keyv(new FolderStore(process.env.VALUES_FOLDER));
