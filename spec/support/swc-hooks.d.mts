export function transpiled(source: string, filename: string): string;
