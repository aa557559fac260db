// `views.sql`: for each resource a read-only view with one typed column a field, for people and tools that know SQL and not pliny's JSON.

import { header } from "../header.js";
import { allFields, findResource, type Field, type Model, type Resource } from "../model.js";
import { sqlIdentifier, sqlString } from "../naming.js";
import { render } from "../templates.js";
import { storedState, tableName } from "./schema.js";
import { viewColumn } from "./sql-columns.js";

export function viewsSql(model: Model): string {
  return render("views.sql", { header: header(["specs/"], "sql"), views: model.resources.map((resource) => viewView(model, resource)) });
}

/** The view of a resource: `app."databases"`. A plural is no table's name, for it is neither a resource's name nor its key. */
export function viewName(resource: Resource): string {
  return `app.${sqlIdentifier(resource.plural)}`;
}

interface Column {
  readonly name: string;
  readonly sql: string;
  readonly comment: string | null;
}

function viewView(model: Model, resource: Resource): object {
  const root = findResource(model, resource.root) ?? resource;
  const view = viewName(resource);
  // No field is called like one of these: the language keeps their names.
  const columns: readonly Column[] = [
    { name: "id", sql: "id", comment: null },
    { name: "type", sql: "type", comment: null },
    { name: "state", sql: stateAsRead(model, resource), comment: null },
    { name: "step", sql: "step", comment: null },
    ...(resource.parent === null ? [] : [{ name: "parent", sql: "parent_id", comment: `The id of the ${resource.parent} that it belongs to.` }]),
    { name: "created_at", sql: "created_at", comment: null },
    { name: "updated_at", sql: "updated_at", comment: null },
    ...allFields(model, resource).map((field) => ({ name: field.name, sql: viewColumn(model, resource, field), comment: commentOf(field) })),
  ];
  const comments = [
    ...(resource.doc === null ? [] : [`comment on view ${view} is ${sqlString(resource.doc.trim())};`]),
    ...columns.flatMap(({ name, comment }) => (comment === null ? [] : [`comment on column ${view}.${sqlIdentifier(name)} is ${sqlString(comment)};`])),
  ];
  return {
    view,
    table: tableName(root),
    columns: columns.map(({ name, sql }) => (sql === name ? `  ${sql}` : `  ${sql} as ${sqlIdentifier(name)}`)).join(",\n"),
    // Subtypes share the table, and each view shows its own rows; the base's shows the whole family.
    where: resource.base === null ? "" : `\nwhere type = ${sqlString(resource.key)}`,
    comments,
  };
}

/** Who is found in a state that is gone is shown in the one that replaces it, as pliny reads it. */
function stateAsRead(model: Model, resource: Resource): string {
  const base = resource.base === null ? undefined : findResource(model, resource.base);
  const replaced = [...new Map([...(base?.replaced ?? []), ...resource.replaced].map((row) => [row.from, row])).values()];
  const cases = replaced.map(({ from, to }) => `when ${sqlString(from)} then ${sqlString(storedState(to))}`);
  return cases.length === 0 ? "state" : `case state ${cases.join(" ")} else state end`;
}

function commentOf(field: Field): string | null {
  const use = field.deprecated?.use;
  const sentences = [
    field.doc?.trim() ?? "",
    field.encrypted ? "Encrypted: shows only whether there is a value." : "",
    field.deprecated ? `Deprecated${use ? `: ${use.trim()}` : "."}` : "",
  ].filter((sentence) => sentence !== "");
  return sentences.length === 0 ? null : sentences.join("\n");
}
