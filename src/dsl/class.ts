export type Class = abstract new (...args: never[]) => object;
