// The least that a generator in Node can do: fills string templates and writes so many files of so many bytes, and nothing else.
// It is run as `node baseline.mjs FOLDER COUNT BYTES`.

import { mkdirSync, writeFileSync } from "node:fs";

const [folder = "", count = "0", bytes = "0"] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
for (let at = 0; at < Number(count); at += 1) {
  let text = `// File ${at}.\n`;
  for (let line = 0; text.length < Number(bytes); line += 1)
    text += `export interface Row${at}Line${line} { readonly name: string; readonly at: ${line} }\n`;
  writeFileSync(`${folder}/row-${at}.ts`, text);
}
