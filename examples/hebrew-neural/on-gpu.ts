import { Type } from "class-transformer";
import { ValidateNested } from "class-validator";
import { image, input, modal, runOn } from "../../src/index.js";
import { e5Settings, withE5 } from "./e5.js";
import { EncoderSettings } from "./model-files.js";
import { NeuralHebrewRetrieval } from "./retrieval.js";

/** Neural retrieval with multilingual-e5-small, in one container with a GPU. */
@runOn(modal({ gpu: "A10G", memoryMiB: 8192, image: withE5(image().cuda()) }))
export class NeuralHebrewRetrievalOnGpu extends NeuralHebrewRetrieval {
  @input() @ValidateNested() @Type(() => EncoderSettings) override model: EncoderSettings = e5Settings();
}
