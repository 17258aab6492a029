import { escapeControls } from "./control-characters.js";

/** A text as it stands in HTML and SVG, in elements and in attributes. XML has no place for control characters. */
export function escapeHtml(text: string): string {
  return escapeControls(text, "\n\t").replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
