import type { KeyvStoreAdapter } from "keyv";

export declare const FolderStore: new (folder: string) => KeyvStoreAdapter;
