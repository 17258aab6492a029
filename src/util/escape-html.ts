import { escapeControls } from "./control-characters.js";

/**
 * Escapes text for elements and attributes of HTML and SVG. Control characters are removed, because XML does not allow
 * them.
 */
export function escapeHtml(text: string): string {
  return escapeControls(text, "\n\t").replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
