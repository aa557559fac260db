// Collects the symbols that a generated file needs while its view is built, and prints the import block.

/** One file's imports. Every symbol is asked for by its module and name and answers the name that the file knows it by. */
export class Imports {
  readonly #self: string;
  readonly #taken: Set<string>;
  readonly #globals = new Set<string>();
  readonly #symbols = new Map<string, Map<string, { readonly local: string; value: boolean }>>();

  /** @param self the file's own module (`./database`); `declared`, what it declares at its top level: an import of that name is given another. */
  constructor(self: string, declared: Iterable<string>) {
    this.#self = self;
    this.#taken = new Set(declared);
  }

  /** A class, function or constant. */
  value(module: string, name: string): string {
    return this.#use(module, name, true);
  }

  /** A type, erased when the file is compiled. */
  type(module: string, name: string): string {
    return this.#use(module, name, false);
  }

  /** A global of JavaScript, however the file's own names and its imports hide it. */
  global(name: string): string {
    if (this.#taken.has(name) && !this.#globals.has(name)) return `globalThis.${name}`;
    this.#globals.add(name);
    this.#taken.add(name);
    return name;
  }

  /** The block, one statement a module: packages first, then siblings, each by name; siblings with the extension that the project uses. */
  print(extension: "js" | "ts"): readonly string[] {
    const modules = [...this.#symbols].sort(([left], [right]) => compareModules(left, right));
    return modules.map(([module, symbols]) => {
      const sorted = [...symbols].sort(([left], [right]) => (left < right ? -1 : 1));
      const erased = sorted.every(([, symbol]) => !symbol.value);
      const names = sorted.map(([name, { local, value }]) => `${value || erased ? "" : "type "}${name === local ? name : `${name} as ${local}`}`);
      const keyword = erased ? "import type" : "import";
      const from = module.startsWith(".") ? `${module}.${extension}` : module;
      const line = `${keyword} { ${names.join(", ")} } from "${from}";`;
      return line.length <= 140 ? line : `${keyword} {\n  ${wrap(names).join("\n  ")}\n} from "${from}";`;
    });
  }

  #use(module: string, name: string, value: boolean): string {
    if (module === this.#self) return name;
    const symbols = this.#symbols.get(module) ?? new Map<string, { readonly local: string; value: boolean }>();
    this.#symbols.set(module, symbols);
    const known = symbols.get(name);
    if (known) {
      known.value ||= value;
      return known.local;
    }
    let local = name;
    while (this.#taken.has(local)) local = `${module.startsWith(".") ? "Other" : "Pliny"}${local.slice(0, 1).toUpperCase()}${local.slice(1)}`;
    this.#taken.add(local);
    symbols.set(name, { local, value });
    return local;
  }
}

function compareModules(left: string, right: string): number {
  const [leftSibling, rightSibling] = [left.startsWith("."), right.startsWith(".")];
  if (leftSibling !== rightSibling) return leftSibling ? 1 : -1;
  return left < right ? -1 : 1;
}

/** Names in lines of at most 138 characters. */
function wrap(names: readonly string[]): readonly string[] {
  const lines: string[] = [];
  for (const name of names) {
    const last = lines.at(-1);
    if (last === undefined || last.length + name.length + 2 > 138) lines.push(`${name},`);
    else lines[lines.length - 1] = `${last} ${name},`;
  }
  return lines;
}
