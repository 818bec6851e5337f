// Every payload that GitHub publishes, signed by GitHub's own library: a JSON line each.
import { readFileSync, readdirSync } from "node:fs";
import { sign } from "@octokit/webhooks-methods";

const [right, wrong] = process.argv.slice(2);
const root = "node_modules/@octokit/webhooks-examples";
const folders = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
for (const { name: folder } of folders) {
  for (const { name: event, examples } of JSON.parse(readFileSync(`${root}/${folder}/index.json`))) {
    for (const example of examples) {
      const body = JSON.stringify(example);
      const signatures = { right: await sign(right, body), wrong: await sign(wrong, body) };
      console.log(JSON.stringify({ folder, event, body, ...signatures }));
    }
  }
}
