import type { Image } from "../../src/index.js";
import { EncoderSettings } from "./model-files.js";

/** multilingual-e5-small (MIT licence), at one revision. */
const REVISION = "614241f622f53c4eeff9890bdc4f31cfecc418b3";
const FILES_AT = `https://huggingface.co/intfloat/multilingual-e5-small/resolve/${REVISION}/onnx`;
const SUMS = {
  "model.onnx": "ca456c06b3a9505ddfd9131408916dd79290368331e7d76bb621f1cba6bc8665",
  "tokenizer.json": "0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39",
  "tokenizer_config.json": "a1d6bc8734a6f635dc158508bef000f8e2e5a759c7d92f984b2c86e5ff53425b",
};
/** The folder of the model in an image. */
const FOLDER = "/opt/e5";

/** An image with the files of multilingual-e5-small, 490 MB, downloaded and checked when the image is built. */
export function withE5(image: Image): Image {
  return Object.entries(SUMS).reduce(
    (on, [name, sum]) => on.addRemoteFile(`${FILES_AT}/${name}`, `${FOLDER}/${name}`, sum),
    image,
  );
}

/**
 * The settings of an encoder with multilingual-e5-small.
 *
 * @param folder with `model.onnx`, `tokenizer.json` and `tokenizer_config.json`, of the revision that the sums are for. Default: that of
 *   an image of `withE5`. On a volume, it is the volume's: `"/models/e5"`.
 */
export function e5Settings(folder = FOLDER): EncoderSettings {
  return Object.assign(new EncoderSettings(), {
    kind: "e5" as const,
    file: `${folder}/model.onnx`,
    tokenizer: `${folder}/tokenizer.json`,
    sha256: SUMS["model.onnx"],
    tokenizerSha256: SUMS["tokenizer.json"],
    tokenizerConfigSha256: SUMS["tokenizer_config.json"],
  });
}
