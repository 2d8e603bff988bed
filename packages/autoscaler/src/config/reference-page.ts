import type { Provisioner } from "@scaleset/provisioner";
import { configJsonSchema, describeConfig } from "./json-schema.js";
import { referenceTables } from "./reference.js";

type Kinds = ReadonlyMap<string, Provisioner>;

const INTRODUCTION = `# Configuration

<!-- Written by tools/config-reference.mjs from the schema; don't edit. -->

Every key of the file that \`scaleset run --config FILE\` takes. \`scaleset validate FILE\` says everything that is wrong
with a file, with line and column. For completion and checks in an editor, begin the file with

\`\`\`yaml
# yaml-language-server: $schema=./node_modules/@scaleset/autoscaler/scaleset.schema.json
\`\`\`

or print the schema, with the options of the provisioners that a file of yours uses, by \`scaleset validate --schema [FILE]\`.

\`\${NAME}\` in any text is a variable of the environment, \`\${NAME:-default}\` one with a default; \`$\${\` is a plain \`\${\`.
Paths are relative to the file.

\`\`\`yaml
github: # the common case: one place to register
  url: https://github.com/acme
  app: { clientId: Iv23liABC, privateKeyFile: app.pem }
targets: # more places; one without a credential uses that of github, on the same host only
  labs: { url: https://github.com/acme-labs }
  ghes: { url: https://ghes.acme.example/platform, tokenCommand: [vault, kv, get, -field=token, ci/ghes] }
defaults:
  maxRunners: 20
  provisioner: { process: { runner: { folder: ./actions-runner } } }
limits: { maxRunners: 50 } # of all together, shared fairly
scaleSets:
  - name: linux-x64
  - { name: linux-labs, target: labs, maxRunners: 5 }
  - { name: linux-ghes, target: ghes, priority: 2 }
\`\`\`

Targets have names, and scale sets name them, so that a credential is written once however many sets use it; sets of one
target share a connection and its tokens. Secrets in files and from commands are fetched when they are needed, so a
renewed one is found without a restart.

A running daemon reads the file again when it changes, and on SIGHUP (\`ExecReload=kill -HUP $MAINPID\`). It is checked
first: a file that is wrong, or gone, changes nothing, and log and \`scaleset status\` say so; it is tried again every 15
seconds, so that what was wrong outside of it (a token file that was missing) may be mended, too. Then scale set by scale
set:

| change | what happens |
| --- | --- |
| \`minRunners\`, \`maxRunners\`, \`priority\`, \`limits\` | at once; a lower maximum never ends a busy runner |
| a provisioner's options | new runners are made by them; idle old ones are replaced one by one, busy ones work on |
| target, credential, labels, \`namePrefix\`, \`workFolder\`, timings | the set's session is closed and opened anew; its runners are left and adopted |
| a set that is gone, or has \`maxRunners: 0\` | drains: idle runners go, busy ones end, its session is closed |
| \`owner\`, \`stateFolder\`, \`limits.requestsPerSecond\` | the old value stays until a restart, and a warning says so |
| \`log.level\` | at once |

When a provisioner refuses a launch (a folder, an image or a right that is missing), launches of the set pause for ten
minutes. SIGHUP lifts that pause, also with an unchanged file: mend it, then \`kill -HUP\`.

`;

/** The page docs/configuration.md. */
export function referencePage(kinds: Kinds): string {
  return `${INTRODUCTION}${referenceTables(describeConfig(kinds))}`;
}

/** The file scaleset.schema.json. */
export function schemaFile(kinds: Kinds): string {
  return `${JSON.stringify(configJsonSchema(kinds), undefined, 2)}\n`;
}
