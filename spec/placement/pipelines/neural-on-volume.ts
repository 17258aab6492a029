import path from "node:path";
import type { EncoderSettings, ModelFiles } from "../../../examples/hebrew-neural/model-files.js";
import { NeuralHebrewRetrieval } from "../../../examples/hebrew-neural/retrieval.js";
import { node } from "../../../src/index.js";

/** The loopback server's containers have their volumes where a variable says: the files of an encoder are named within them. */
export class NeuralOnVolume extends NeuralHebrewRetrieval {
  @node("model", { cache: false }) override modelFiles(model: EncoderSettings): Promise<ModelFiles> {
    const inside = (file: string) => path.join(process.env.MODELS!, file);
    const { file, tokenizer } = model;
    return super.modelFiles({ ...model, file: inside(file!), ...(tokenizer && { tokenizer: inside(tokenizer) }) });
  }
}
