type Float16Constructor = { of(...numbers: number[]): ArrayBufferView };

/** A Float16Array of some numbers, where the language has one: from Node 24 on. */
export function float16(numbers: readonly number[]): ArrayBufferView | undefined {
  return (globalThis as { Float16Array?: Float16Constructor }).Float16Array?.of(...numbers);
}
