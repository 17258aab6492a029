export function bundledSources(): string;
