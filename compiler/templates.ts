// Renders a view with the template of that name. The templates stand in templates/*.hbs and are compiled when the package is built,
// so that a run loads neither their text nor Handlebars' parser.

import { type TemplateName, templates } from "#templates";

export type { TemplateName };

/** A view holds ready strings only; a template that names what its view lacks throws, for that is a bug. */
export function render(name: TemplateName, view: object): string {
  const text = templates[name](view);
  // A text put together of pieces holds on to each of them until somebody looks into it. One look makes it whole and lets them go, which
  // spares the garbage collector a third of its work over a thousand resources.
  text.charCodeAt(0);
  return text;
}
