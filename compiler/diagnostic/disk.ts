// Mistakes of what lies on the disk: specs that cannot be read, generated files in disorder, hand-written files that lack something.

import { mistake } from "./mistake.js";
import type { SourceLocation } from "../source.js";

export const diskMistakes = {
  drift: mistake(
    "GEN001",
    "error",
    "A file under generated/ is not what the specs of today give: specs were changed and `pliny generate` was not run, or somebody edited the file by hand. " +
      "Generated files are committed, so that a review sees what a change of a spec does to the code; that is worth something only while they are true.\n\n" +
      "Run `pliny generate` and commit what it wrote. An edit made by hand is lost by that: what it was for belongs into a spec, into specs/*.handlers.ts or into a file outside generated/.",
    (at: SourceLocation, how: "missing" | "differs") => ({
      at,
      message: how === "missing" ? "This file is missing: the specs give it." : "This file is not what the specs give; here is the first line that differs.",
      hint: "Run `pliny generate`.",
    }),
  ),
  noLongerMade: mistake(
    "GEN002",
    "error",
    "A file under generated/ carries pliny's header and no spec gives it any more, as after a resource was renamed or removed. Code that still imports it would compile against something that is gone.\n\n" +
      "`pliny generate` removes it. Files without the header are yours and are never removed.",
    (at: SourceLocation) => ({ at, message: "No spec gives this file any more.", hint: "Run `pliny generate`, which removes it." }),
  ),
  mergeMarkers: mistake(
    "GEN005",
    "error",
    "A merge left its markers (`<<<<<<<`, `=======`, `>>>>>>>`). In a spec they stand for a decision that only a person can take. In generated/ there is nothing to decide: " +
      "resolve the specs first, then run `pliny generate`, which writes the torn files anew. In generated/migrations and generated/vectors, whose files are written once and never again, take the version of one side whole.",
    (at: SourceLocation, where: "spec" | "generated" | "frozen") => ({
      at,
      message: "A merge left a conflict here.",
      hint: {
        spec: "Resolve it, then run `pliny generate`.",
        generated: "Resolve the specs, then run `pliny generate`: it writes this file anew.",
        frozen: "Take this file whole from the side that it belongs to (`git checkout --theirs` or `--ours`): it is never written again.",
      }[where],
    }),
  ),
  vectorUnread: mistake(
    "GEN006",
    "error",
    "generated/vectors holds rows as each version wrote them, and every later release has to read them, for a database holds such rows. What the specs give now does not read this one: the type of a " +
      "field was changed, a field that the row must have came without a version, or one went without a line under `removed`.\n\n" +
      "Change the spec so that old rows are read: a change of what is stored is a new `version`, with `since`, `removed` and `upgrades`; a value of an enum that is no more stands under `replaced`. " +
      "Rows of a version that was never released may be deleted: `pliny generate` makes them anew. Rows of a version below `oldest` are not asked for.",
    (at: SourceLocation, { pointer, expected, got, others }: { readonly pointer: string; readonly expected: string; readonly got: string; readonly others: number }) => ({
      at,
      message: `${pointer === "" ? "This file" : pointer} cannot be read any more: expected ${expected}, got ${got}${others === 0 ? "" : `; nor can ${others} more of this file`}.`,
      hint: "Give the change a new `version`. If this one was never released, delete the file and run `pliny generate`.",
    }),
  ),
  vectorsUnasked: mistake(
    "GEN007",
    "error",
    "Frozen rows of an earlier version, in generated/vectors, are read by what was generated now, which has to be loaded for that; and it stands on the package pliny.",
    (at: SourceLocation, why: string) => ({ at, message: `Nobody can tell whether these rows are still read: ${why}.`, hint: "Install what the project depends on (`npm ci`)." }),
  ),
  specsMissing: mistake(
    "GEN101",
    "error",
    "pliny reads specs/**/*.yaml of the folder it runs in, and there is no folder specs/. Run it where pliny.yaml stands, name that folder with `--cwd`, or start a new project with `pliny init`.",
    (at: SourceLocation, yamlBeside: boolean) => ({
      at,
      message: "There is no folder specs/ here.",
      hint: yamlBeside ? "Specs lie in specs/: move them there." : "Run `pliny init` to begin, or name the project's folder with --cwd.",
    }),
  ),
  noSpecs: mistake(
    "GEN102",
    "error",
    "The folder specs/ holds no *.yaml file. Nothing is generated from nothing: if this were taken for an empty model, everything under generated/ would go.",
    (at: SourceLocation) => ({ at, message: "There is no spec in specs/: no file ends in .yaml.", hint: "Write one, or run `pliny init` for an example." }),
  ),
  unreadable: mistake(
    "GEN103",
    "error",
    "A file or a folder that pliny has to read cannot be read. A model made without it would be a wrong one, so nothing is generated.",
    (at: SourceLocation, reason: string) => ({ at, message: `This cannot be read: ${reason}.` }),
  ),
  linkOutside: mistake(
    "GEN104",
    "error",
    "A link leads out of the project. What lies outside is in no commit and differs from machine to machine, so that the same commit would give different code; and what is written through such a link lands where nobody looks. " +
      "Links to places inside the project are followed in specs/.",
    (at: SourceLocation, target: string) => ({ at, message: `This is a link that leads out of the project, to ${target}.`, hint: "Copy what it leads to into the project, or move the link's target there." }),
  ),
  ymlFile: mistake(
    "GEN105",
    "error",
    "Specs, and pliny.yaml, end in .yaml. A file that ends in .yml or .YAML would be passed over in silence if this were not said.",
    (at: SourceLocation) => ({
      at,
      message: `A spec's name ends in .yaml, not in ${/\.[a-z]+$/i.exec(at.file.path)?.[0] ?? ""}.`,
      hint: `Rename it to ${at.file.path.replace(/\.ya?ml$/i, ".yaml")}.`,
    }),
  ),
  notOurs: mistake(
    "GEN106",
    "error",
    "A file stands where a generated one belongs, and its first line is not pliny's header: somebody wrote it, or took the header away. pliny overwrites nothing that it did not write.\n\n" +
      "Move it out of generated/, where all files are the machine's, or delete it if it was generated once.",
    (at: SourceLocation) => ({ at, message: "This file is not pliny's (its header is missing), and a generated one belongs here.", hint: "Move it out of generated/, or delete it; then generate again." }),
  ),
  generatedLink: mistake(
    "GEN107",
    "error",
    "generated/ itself, a folder in it or a file in it is a link. pliny writes through none, since what it leads to may belong to something else.",
    (at: SourceLocation) => ({ at, message: "This is a link, and pliny writes through none.", hint: "Replace it by a plain file or folder, or delete it." }),
  ),
  inTheWay: mistake(
    "GEN108",
    "error",
    "A folder stands where a generated file belongs, or a file where a folder belongs. It is not pliny's, so it stays until somebody moves it.",
    (at: SourceLocation, found: string, wanted: string) => ({ at, message: `Here is ${found} where ${wanted} belongs.`, hint: "Move it away, then generate again." }),
  ),
  samePath: mistake(
    "GEN109",
    "error",
    "Two generated files have names that are one name on a disk that ignores case, as those of macOS and Windows do. One would overwrite the other there.",
    (at: SourceLocation, twin: string) => ({ at, message: `This file and ${twin} are one file on disks that ignore case.`, hint: "Rename one of the two elements they are made from." }),
  ),
  unwritable: mistake(
    "GEN110",
    "error",
    "The disk refused a write. Every file is written beside its place and renamed into it, so none is half-written; those after it are still as they were.",
    (at: SourceLocation, reason: string) => ({ at, message: `This cannot be written: ${reason}.`, hint: "Mend that, then run the command again: it goes on where it stopped." }),
  ),
  notFormatted: mistake(
    "GEN121",
    "error",
    "The layout of a spec is not the one that `pliny fmt` gives. Its meaning is not touched by that.",
    (at: SourceLocation) => ({ at, message: "This is not laid out as `pliny fmt` does it; here is the first line that differs.", hint: "Run `pliny fmt`." }),
  ),
  handlersSyntax: mistake(
    "GEN131",
    "error",
    "`pliny handlers` adds stubs to hand-written files, and edits none that TypeScript cannot read: what it would add might land in the wrong place.",
    (at: SourceLocation, message: string) => ({ at, message: `This is no TypeScript: ${message}`, hint: "Mend it, then run `pliny handlers` again." }),
  ),
  handlerMissing: mistake(
    "GEN132",
    "error",
    "The specs declare something that is written by hand (the handler of a state, an upgrade, a check), and specs/*.handlers.ts lacks it. `pliny handlers` adds stubs that throw; `tsc` says the same as a type error.",
    (at: SourceLocation, what: string) => ({ at, message: `${what} is missing here.`, hint: "Run `pliny handlers` to add a stub." }),
  ),
  handlerRenamed: mistake(
    "GEN133",
    "error",
    "Something was renamed in a spec (`key` holds its old name), and the hand-written code still has the old name. `pliny handlers` renames it; bodies stay as they are.",
    (at: SourceLocation, from: string, to: string) => ({ at, message: `\`${from}\` is called \`${to}\` now.`, hint: "Run `pliny handlers` to rename it." }),
  ),
  handlerOrphan: mistake(
    "GEN134",
    "warning",
    "A hand-written part belongs to nothing in the specs any more: its state, version or field is gone. pliny never removes what a person wrote.",
    (at: SourceLocation, what: string) => ({ at, message: `${what} belongs to nothing in the specs.`, hint: "Delete it when you need it no more." }),
  ),
  handlerShape: mistake(
    "GEN135",
    "warning",
    "`pliny handlers` adds missing methods to a constant that is an object literal (`export const … = { … }`, also with `satisfies` or `as const`). Anything else it leaves alone, since it cannot know where they belong.",
    (at: SourceLocation, name: string) => ({ at, message: `\`${name}\` is no object literal, so nothing can be added to it.`, hint: "Write it as an object literal, or add what is missing by hand." }),
  ),
} as const;
