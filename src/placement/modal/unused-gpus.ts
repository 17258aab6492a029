import type { GpuUse } from "../protocol/frames.js";

const warned = new Set<string>();

/** Warns of GPUs that nothing has used: once for a pipeline and a GPU, however many containers there are. */
export function warnUnusedGpus(where: string, gpu: string, { count, unused }: GpuUse): void {
  const key = JSON.stringify([where, gpu]);
  if (unused === 0 || warned.has(key)) return;
  warned.add(key);
  const which = count === 1 ? "the GPU of its container" : `${unused} of the ${count} GPUs of its container`;
  process.emitWarning(
    `${where}: nothing used ${which}, modal({ gpu: ${JSON.stringify(gpu)} }), and it is paid for: leave it out, ask for fewer, or check that the model is loaded onto the GPU`,
    "HypernodesWarning",
  );
}
