import { PACKAGES } from "../bundle/paths.js";

/** A line of CUDA. */
export type CudaVersion = "12" | "13";

interface CudaRelease {
  /** NVIDIA's image of CUDA and cuDNN. */
  readonly tag: string;
  /** The release of onnxruntime-node whose CUDA provider is linked against them. */
  readonly onnxruntime: string;
}

/**
 * Releases that fit each other. From 1.27 on, the provider of onnxruntime-node is linked against CUDA 13; that of 1.26 against CUDA 12
 * (docs/gpu.md).
 */
export const CUDA_RELEASES: Readonly<Record<CudaVersion, CudaRelease>> = {
  13: { tag: "nvidia/cuda:13.0.1-cudnn-runtime-ubuntu24.04", onnxruntime: "1.30.0" },
  12: { tag: "nvidia/cuda:12.8.1-cudnn-runtime-ubuntu24.04", onnxruntime: "1.26.0" },
};

/**
 * A RUN instruction that installs onnxruntime-node with its CUDA provider. `cuda12` is the name of the provider in its install script,
 * also in releases for CUDA 13.
 */
export function onnxruntimeInstruction({ onnxruntime }: CudaRelease): string {
  return `RUN mkdir -p ${PACKAGES} && cd ${PACKAGES} && ONNXRUNTIME_NODE_INSTALL=cuda12 npm install --no-audit --no-fund 'onnxruntime-node@${onnxruntime}'`;
}

/**
 * A RUN instruction that fails, with their names, if libraries of the CUDA provider are missing. Those of the driver are not in images:
 * the machine that has the GPU brings them.
 */
export function providerCheckInstruction(): string {
  const steps = [
    "set -e",
    `provider=$(find ${PACKAGES}/node_modules/onnxruntime-node -name libonnxruntime_providers_cuda.so)`,
    'if [ -z "$provider" ]; then echo "onnxruntime-node has no CUDA provider: its install script did not run" >&2; exit 1; fi',
    'missing=$(ldd "$provider" | grep "not found" | grep -v -e libcuda[.]so -e libnvidia || true)',
    'if [ -n "$missing" ]; then echo "the CUDA provider of onnxruntime-node lacks libraries:" >&2; echo "$missing" >&2; exit 1; fi',
  ];
  return `RUN ${steps.join("; ")}`;
}
